import type { Stats } from 'node:fs';
import { FileError } from './file-error.ts';

/** On whose behalf files are worked on. The server itself may do everything, so it has to ask. */
export interface Actor {
  readonly uid: number;
  readonly gid: number;
}

export const root: Actor = { uid: 0, gid: 0 };

/** Bits of a mode. */
export const access = { read: 4, write: 2, search: 1 } as const;
const sticky = 0o1000;

/** @throws {FileError} EACCES when the mode of a file does not let the actor do all of `bits` with it */
export function require(actor: Actor, { mode, uid, gid }: Stats, bits: number, path: string): void {
  if (actor.uid === 0) return;
  const shift = uid === actor.uid ? 6 : gid === actor.gid ? 3 : 0;
  if (((mode >> shift) & bits) !== bits) throw new FileError('EACCES', path);
}

/** @throws {FileError} EPERM unless it is the actor's own */
export function requireOwner(actor: Actor, { uid }: Stats, path: string): void {
  if (actor.uid !== 0 && uid !== actor.uid) throw new FileError('EPERM', path);
}

/** In a folder such as `/tmp`, a file is removed by its owner or that of the folder. @throws {FileError} EPERM */
export function requireRemoval(actor: Actor, folder: Stats, file: Stats, path: string): void {
  if (actor.uid === 0 || (folder.mode & sticky) === 0) return;
  if (folder.uid !== actor.uid && file.uid !== actor.uid) throw new FileError('EPERM', path);
}
