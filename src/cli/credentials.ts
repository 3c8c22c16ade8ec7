import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSecretFile } from '../lib/secret-file.ts';
import { CommandError } from './command-error.ts';
import type { Context } from './context.ts';

/** What `berth login` keeps, by the server's URL without a slash at its end. */
export interface Credentials {
  /** The server of the last login. */
  readonly current?: string;
  readonly servers: Readonly<Record<string, ServerCredentials>>;
}

export interface ServerCredentials {
  readonly token: string;
  readonly account: string;
  /** Id of the session that ends with `berth logout`; absent for a token that was brought along. */
  readonly session?: string;
}

type Env = Context['env'];

const none: Credentials = { servers: {} };

/** `$XDG_CONFIG_HOME/berth/credentials.json`; undefined for who has no home. */
export function credentialsPath(env: Env): string | undefined {
  const config = env.XDG_CONFIG_HOME || (env.HOME ? join(env.HOME, '.config') : undefined);
  return config === undefined ? undefined : join(config, 'berth', 'credentials.json');
}

/** @throws {CommandError} when the file is not what was written */
export async function readCredentials(env: Env): Promise<Credentials> {
  const path = credentialsPath(env);
  if (path === undefined) return none;
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return none;
    throw new CommandError(`${path} can't be read (${code ?? String(error)})`);
  }
  try {
    const { current, servers } = JSON.parse(text) as Partial<Credentials>;
    if (typeof servers !== 'object' || servers === null) throw new Error('no servers');
    return { servers, ...(typeof current === 'string' && { current }) };
  } catch {
    throw new CommandError(`${path} is damaged. Remove it, and log in again: berth login`);
  }
}

/** Keeps the token for a server, which becomes the current one; readable by its owner only. */
export async function saveCredentials(env: Env, url: string, entry: ServerCredentials): Promise<string> {
  const { servers } = await readCredentials(env);
  return await write(env, { current: url, servers: { ...servers, [url]: entry } });
}

export async function forgetCredentials(env: Env, url: string): Promise<void> {
  const { current, servers } = await readCredentials(env);
  const { [url]: _, ...others } = servers;
  await write(env, { servers: others, ...(current !== undefined && current !== url && { current }) });
}

async function write(env: Env, credentials: Credentials): Promise<string> {
  const path = credentialsPath(env);
  if (path === undefined) {
    throw new CommandError('there is no place to keep the login: set HOME or XDG_CONFIG_HOME');
  }
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  await writeSecretFile(path, `${JSON.stringify(credentials, undefined, 2)}\n`);
  return path;
}
