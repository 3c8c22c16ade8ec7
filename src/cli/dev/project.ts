import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { CommandError } from '../command-error.ts';
import { hasDocker } from './docker.ts';

/** How the program of a folder is run. */
export type Project =
  | { readonly kind: 'image' }
  /** Its files are packed on top of an image; what that one runs is run when there is no command. */
  | { readonly kind: 'pack'; readonly base: string; readonly command: readonly string[] | undefined }
  /** Arguments, the program first. */
  | { readonly kind: 'command'; readonly command: readonly string[] };

/** A line of words that means the same without a shell. */
const plainWords = /^[\w@%+=:,./-]+(?: +[\w@%+=:,./-]+)*$/;

/**
 * Finds out what a folder has: the command that is given, else a Dockerfile, else the `start` of its package.json.
 * @param base an image to pack the folder on, whatever it has
 * @throws {CommandError} when it has none of these
 */
export async function findProject(
  folder: string,
  command: readonly string[],
  base?: string,
): Promise<Project> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new CommandError(`There is no folder ${folder}.`, 2);
  if (base !== undefined) {
    const start = command.length > 0 ? undefined : await startScript(folder);
    return { kind: 'pack', base, command: start === undefined ? given(command) : wordsOf(start) };
  }
  if (command.length > 0) return { kind: 'command', command };
  const hasDockerfile = await stat(join(folder, 'Dockerfile')).then(
    () => true,
    () => false,
  );
  if (hasDockerfile && (await hasDocker())) return { kind: 'image' };
  const start = await startScript(folder);
  if (start !== undefined) return { kind: 'command', command: wordsOf(start) };
  if (hasDockerfile) throw new CommandError('The folder has a Dockerfile, but Docker does not answer here.');
  throw new CommandError(
    'What is to be run? The folder has no Dockerfile and no "start" in a package.json. ' +
      'Give a command: berth dev -- node server.js',
    2,
  );
}

/** The same at each run in the folder, and of no other folder. */
export function serviceNameOf(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40);
  const hash = createHash('sha256').update(`${hostname()}\0${folder}`).digest('hex').slice(0, 8);
  return `dev-${name.replace(/-$/, '') || 'folder'}-${hash}`;
}

async function startScript(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const { scripts } = JSON.parse(text) as { scripts?: { start?: unknown } };
    return typeof scripts?.start === 'string' && scripts.start.trim() !== ''
      ? scripts.start.trim()
      : undefined;
  } catch {
    throw new CommandError('The package.json of the folder is not JSON.');
  }
}

function given(command: readonly string[]): readonly string[] | undefined {
  return command.length > 0 ? command : undefined;
}

/** A start script is a line for a shell by npm's rules; most need none. */
function wordsOf(script: string): string[] {
  return plainWords.test(script) ? script.split(/ +/) : ['sh', '-c', script];
}
