import { createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { basename, dirname, join, posix, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { SpriteFile, SpriteFiles } from '../../../client/index.ts';
import { CommandError } from '../../command-error.ts';
import type { Streams } from '../../streams.ts';
import type { CopyOptions } from './copy-in.ts';
import type { Copied } from './cp.ts';
import { lookAt } from './remote-path.ts';

const permissionBits = 0o777;

/**
 * Copies a file or a folder out of a sprite.
 * @throws {CommandError} for a folder without `recursive`, and where it can't be written
 */
export async function copyOut(
  files: SpriteFiles,
  path: string,
  target: string,
  { recursive, copied }: CopyOptions,
): Promise<void> {
  const listed = await files.list(path, { recursive });
  const [first] = listed.entries;
  const isFile = listed.entries.length === 1 && first?.path === listed.path;
  if (!isFile && !recursive) {
    throw new CommandError(`${path} is a folder. To copy it with all that is in it: --recursive`);
  }
  const here = await stat(target).catch(() => undefined);
  const inFolder = here?.isDirectory() ?? target.endsWith('/');
  const place = resolve(inFolder ? join(target, basename(listed.path)) : target);
  if (isFile && first !== undefined) {
    // What was asked for by name is read also when it is a link.
    await copyFile(files, first, place, copied);
    return;
  }
  await mkdir(place, { recursive: true });
  for (const entry of listed.entries) {
    const at = join(place, pathBelow(listed.path, entry.path));
    if (entry.isDir) await mkdir(at, { recursive: true });
    else if (entry.type === 'file') await copyFile(files, entry, at, copied);
    else copied.skipped.push(entry.path);
  }
}

/** Writes a file of a sprite to stdout. @throws {CommandError} for a folder */
export async function writeToStream(files: SpriteFiles, path: string, streams: Streams): Promise<void> {
  if ((await lookAt(files, path)).kind === 'folder') {
    throw new CommandError(`${path} is a folder. Copy it to one: --recursive`);
  }
  for await (const chunk of await files.read(path)) await streams.write('stdout', chunk as Buffer);
}

async function copyFile(
  files: SpriteFiles,
  entry: SpriteFile,
  target: string,
  copied: Copied,
): Promise<void> {
  const content = await files.read(entry.path);
  await mkdir(dirname(target), { recursive: true });
  const mode = Number.parseInt(entry.mode, 8) & permissionBits;
  let bytes = 0;
  content.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await pipeline(content, createWriteStream(target, { mode })).catch((error: NodeJS.ErrnoException) => {
    throw error.code === undefined ? error : new CommandError(`${target}: ${error.message}`);
  });
  copied.files++;
  copied.bytes += bytes;
}

/** Names come from a sprite, which may be anybody's: they must not lead elsewhere. @throws {CommandError} */
function pathBelow(folder: string, path: string): string {
  const below = posix.relative(folder, path);
  if (below !== '' && below !== '..' && !below.startsWith('../') && !posix.isAbsolute(below)) return below;
  throw new CommandError(`the server listed ${path}, which is not in ${folder}`);
}
