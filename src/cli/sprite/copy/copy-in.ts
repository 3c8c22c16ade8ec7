import { createReadStream } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { basename, join, posix, resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { SpriteFiles } from '../../../client/index.ts';
import { CommandError } from '../../command-error.ts';
import type { Copied } from './cp.ts';
import { targetIn } from './remote-path.ts';

export interface CopyOptions {
  readonly recursive: boolean;
  /** Counts. */
  readonly copied: Copied;
}

const permissionBits = 0o777;
/** A folder comes with a file in it. */
const folderMark = '.keep';

/**
 * Copies a file, a folder or a stream into a sprite.
 * @throws {CommandError} when there is nothing to copy, or a folder without `recursive`
 */
export async function copyIn(
  files: SpriteFiles,
  source: string | Readable,
  path: string,
  { recursive, copied }: CopyOptions,
): Promise<void> {
  if (typeof source !== 'string') {
    await files.write(path, source, { makeParents: true });
    copied.files++;
    return;
  }
  const facts = await stat(source).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`${source}: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`);
  });
  if (facts.isDirectory() && !recursive) {
    throw new CommandError(`${source} is a folder. To copy it with all that is in it: --recursive`);
  }
  const target = await targetIn(files, path, basename(resolve(source)));
  if (facts.isDirectory()) await copyFolder(files, source, target, copied);
  else await copyFile(files, source, target, facts, copied);
}

async function copyFolder(files: SpriteFiles, source: string, target: string, copied: Copied): Promise<void> {
  const names = (await readdir(source)).toSorted();
  if (names.length === 0) {
    await files.write(posix.join(target, folderMark), Readable.from([]), { makeParents: true });
    await files.delete(posix.join(target, folderMark));
  }
  for (const name of names) {
    const path = join(source, name);
    const facts = await lstat(path);
    if (facts.isDirectory()) await copyFolder(files, path, posix.join(target, name), copied);
    else if (facts.isFile()) await copyFile(files, path, posix.join(target, name), facts, copied);
    else copied.skipped.push(path);
  }
}

async function copyFile(
  files: SpriteFiles,
  source: string,
  target: string,
  { mode, size }: { readonly mode: number; readonly size: number },
  copied: Copied,
): Promise<void> {
  const content = createReadStream(source);
  try {
    await files.write(target, content, { mode: mode & permissionBits, makeParents: true });
  } finally {
    content.destroy();
  }
  copied.files++;
  copied.bytes += size;
}
