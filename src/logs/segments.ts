import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open, readdir, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** The files of a log at one moment. */
export interface SegmentList {
  /** Positions in the log at which the rotated segments begin, rising. */
  readonly rotated: readonly number[];
  /** Whether there is an active file. If there is, no rotated segment grows any more. */
  readonly hasActive: boolean;
}

export interface OpenSegment {
  readonly file: FileHandle;
  /** Position in the log of the file's first byte. */
  readonly base: number;
  /** Whether it was the active file when it was opened. */
  readonly isActive: boolean;
}

/**
 * The folder of one log. Rotated segments are named by their position in the log; the active file's is where
 * the newest of them ends. Between a rename and the reopening of the file by its writer there is no active
 * file, and the newest rotated segment is the one that grows.
 */
export class Segments {
  readonly folder: string;
  readonly activePath: string;

  constructor(folder: string) {
    this.folder = folder;
    this.activePath = join(folder, 'current');
  }

  path(base: number): string {
    return join(this.folder, String(base).padStart(16, '0'));
  }

  /** Empty when there is no such folder. */
  async list(): Promise<SegmentList> {
    const names = (await orAbsent(readdir(this.folder))) ?? [];
    const rotated = names.filter(name => /^\d{16}$/.test(name)).map(Number);
    return { rotated: rotated.sort((a, b) => a - b), hasActive: names.includes('current') };
  }

  /** The file that is written to now; undefined while nothing was written. */
  async growing(): Promise<{ path: string; base: number; bytes: number } | undefined> {
    for (;;) {
      const { rotated, hasActive } = await this.list();
      const newest = rotated.at(-1);
      if (newest === undefined && !hasActive) return undefined;
      const newestBytes = newest === undefined ? 0 : await sizeOf(this.path(newest));
      const activeBytes = hasActive ? await sizeOf(this.activePath) : 0;
      if (newestBytes === undefined || activeBytes === undefined) continue;
      if (newest !== undefined && !hasActive)
        return { path: this.path(newest), base: newest, bytes: newestBytes };
      const after = await this.list();
      if (after.rotated.at(-1) !== newest) continue;
      return { path: this.activePath, base: (newest ?? 0) + newestBytes, bytes: activeBytes };
    }
  }

  /** Opens the file that holds `position`, or the oldest when that was dropped; undefined when there is none. */
  async openAt(position: number): Promise<OpenSegment | undefined> {
    for (;;) {
      const { rotated, hasActive } = await this.list();
      const newest = rotated.at(-1);
      if (newest === undefined && !hasActive) return undefined;
      const base = rotated.findLast(start => start <= position) ?? rotated[0];
      if (base !== undefined) {
        const file = await orAbsent(open(this.path(base), 'r'));
        if (file === undefined) continue;
        if (base !== newest || !hasActive || position < base + (await file.stat()).size)
          return { file, base, isActive: false };
        await file.close();
      }
      const active = await this.#openActive(newest);
      if (active !== undefined) return active;
    }
  }

  /** Whether a file follows the one that begins at `base`, so that this one grows no more. */
  async hasSuccessor(base: number): Promise<boolean> {
    const { rotated, hasActive } = await this.list();
    const newest = rotated.at(-1);
    return newest !== undefined && (newest > base || (newest === base && hasActive));
  }

  /** Bytes on disk. */
  async bytes(): Promise<number> {
    const { rotated } = await this.list();
    const sizes = await Promise.all([...rotated.map(base => this.path(base)), this.activePath].map(sizeOf));
    return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  }

  /**
   * Removes the oldest segments until the log fits; of the newest rotated one, which tells positions, what is too
   * much at its beginning. None of the rotated segments may be growing.
   */
  async drop(totalBytes: number): Promise<void> {
    const { rotated } = await this.list();
    let bytes = await this.bytes();
    for (const base of rotated.slice(0, -1)) {
      if (bytes <= totalBytes) return;
      bytes -= (await sizeOf(this.path(base))) ?? 0;
      await orAbsent(unlink(this.path(base)));
    }
    const newest = rotated.at(-1);
    if (newest !== undefined && bytes > totalBytes) await this.#cut(newest, bytes - totalBytes);
  }

  /** A crash in between leaves both: what they share is read once, and the older goes with the next `drop`. */
  async #cut(base: number, tooManyBytes: number): Promise<void> {
    const path = this.path(base);
    const size = (await sizeOf(path)) ?? 0;
    const start = await recordStart(path, Math.min(tooManyBytes, size), size);
    if (start === 0) return;
    const rest = join(this.folder, 'rest');
    if (start < size) await pipeline(createReadStream(path, { start }), createWriteStream(rest));
    else await writeFile(rest, '');
    await rename(rest, this.path(base + start));
    await unlink(path);
  }

  async #openActive(newest: number | undefined): Promise<OpenSegment | undefined> {
    const newestBytes = newest === undefined ? 0 : await sizeOf(this.path(newest));
    const file = await orAbsent(open(this.activePath, 'r'));
    if (file === undefined || newestBytes === undefined) {
      await file?.close();
      return undefined;
    }
    // A rotation meanwhile would make it another file than the one after `newest`.
    const after = await this.list();
    if (after.rotated.at(-1) === newest) return { file, base: (newest ?? 0) + newestBytes, isActive: true };
    await file.close();
    return undefined;
  }
}

/** The first position from `offset` on at which a record begins; the end of the file when there is none. */
async function recordStart(path: string, offset: number, size: number): Promise<number> {
  if (offset === 0) return 0;
  let position = offset - 1;
  if (position >= size) return size;
  for await (const chunk of createReadStream(path, { start: position }) as AsyncIterable<Buffer>) {
    const newline = chunk.indexOf(10);
    if (newline !== -1) return position + newline + 1;
    position += chunk.length;
  }
  return size;
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await orAbsent(stat(path)))?.size;
}

async function orAbsent<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
