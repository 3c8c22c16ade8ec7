import { type FileHandle, open, rename } from 'node:fs/promises';
import type { LogLimits } from './limits.ts';
import type { Segments } from './segments.ts';

/** Appends whole records to the growing file of a log, for which it is the only writer but for notes. */
export class SegmentWriter {
  readonly #segments: Segments;
  readonly #limits: LogLimits;
  #file: FileHandle | undefined;
  #base = 0;
  /** A write failed half-way: the next one begins with a newline, so that it can be read. */
  #isTorn = false;

  constructor(segments: Segments, limits: LogLimits) {
    this.#segments = segments;
    this.#limits = limits;
  }

  async append(records: readonly Buffer[]): Promise<void> {
    this.#file ??= await this.#open();
    const torn = this.#isTorn ? [Buffer.from('\n')] : [];
    this.#isTorn = true;
    await this.#file.appendFile(Buffer.concat([...torn, ...records]));
    this.#isTorn = false;
    const { size } = await this.#file.stat();
    if (size >= this.#limits.segmentBytes) await this.#rotate();
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #open(): Promise<FileHandle> {
    const growing = await this.#segments.growing();
    const isActive = growing === undefined || growing.path === this.#segments.activePath;
    this.#base = growing === undefined ? 0 : growing.base + (isActive ? 0 : growing.bytes);
    this.#isTorn = isActive && growing !== undefined && !(await endsInNewline(growing.path));
    return open(this.#segments.activePath, 'a', 0o600);
  }

  async #rotate(): Promise<void> {
    await this.close();
    await rename(this.#segments.activePath, this.#segments.path(this.#base));
    this.#file = await this.#open();
    await this.#segments.drop(this.#limits.totalBytes);
  }
}

/** Whether the last record of a file is whole; true for an empty file. */
export async function endsInNewline(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size === 0) return true;
    const last = Buffer.alloc(1);
    await file.read(last, 0, 1, size - 1);
    return last[0] === 0x0a;
  } finally {
    await file.close();
  }
}
