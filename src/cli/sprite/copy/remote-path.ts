import { posix } from 'node:path';
import { ApiError, type SpriteFiles } from '../../../client/index.ts';

/** What a path of a sprite is, with its absolute form. */
export interface RemotePath {
  readonly kind: 'file' | 'folder' | 'missing';
  readonly path: string;
}

/** @throws {ApiError} `sprite not found`, `forbidden` and others */
export async function lookAt(files: SpriteFiles, path: string): Promise<RemotePath> {
  try {
    const found = await files.list(path);
    // A file lists itself.
    const isFile = found.entries.length === 1 && found.entries[0]?.path === found.path;
    return { kind: isFile ? 'file' : 'folder', path: found.path };
  } catch (error) {
    if (error instanceof ApiError && error.code === 'not found') return { kind: 'missing', path };
    throw error;
  }
}

/** Where something called `name` goes when it is copied to `path`, as with cp. */
export async function targetIn(files: SpriteFiles, path: string, name: string): Promise<string> {
  const isFolder = path.endsWith('/') || (await lookAt(files, path)).kind === 'folder';
  return isFolder ? posix.join(path, name) : path;
}
