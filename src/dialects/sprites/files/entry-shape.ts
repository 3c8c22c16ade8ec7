import type { FileEntry } from '../../../engine/index.ts';
import { octal } from './parameters.ts';

/** A file as clients read it. */
export function entryShape({ name, path, type, size, mode, modifiedAt, isDir }: FileEntry): object {
  return { name, path, type, size, mode: octal(mode), modTime: modifiedAt.toISOString(), isDir };
}
