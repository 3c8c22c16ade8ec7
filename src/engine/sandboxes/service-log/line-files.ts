import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm, unlink } from 'node:fs/promises';

export interface OpenLineFile {
  readonly file: FileHandle;
  /** Position of its first byte among all lines that were ever written. */
  readonly base: number;
}

const writable = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;

/**
 * The files of one log, as one sequence of bytes: the current one, and older ones with `.1`, `.2`, … after its
 * name. A position counts all bytes since the first line.
 */
export class LineFiles {
  readonly #path: string;
  readonly #count: number;
  #file: FileHandle | undefined;
  /** Position of the current file's first byte. */
  #base: number;
  #position: number;

  /**
   * @param path absolute, of the current file; its folder must be there
   * @param count how many files there may be, the current one included
   * @param known how far they are known to be written; what is longer is cut back by `open`
   */
  constructor(path: string, count: number, known: { base: number; position: number }) {
    this.#path = path;
    this.#count = count;
    this.#base = known.base;
    this.#position = known.position;
  }

  get base(): number {
    return this.#base;
  }

  /** Where the next line begins. */
  get position(): number {
    return this.#position;
  }

  /** Bytes of the current file. */
  get currentBytes(): number {
    return this.#position - this.#base;
  }

  /** Makes the current file as long as it is known to be. One that is missing or too short is begun anew. */
  async open(): Promise<void> {
    await this.close();
    const file = await openFile(this.#path);
    const { size } = await file.stat();
    if (size < this.currentBytes) this.#base = this.#position - size;
    else await file.truncate(this.currentBytes);
    this.#file = file;
  }

  /** Adds lines; where it fails, nothing of them counts. */
  async append(lines: Buffer): Promise<void> {
    if (!(await this.#isIntact())) await this.open();
    for (let written = 0; written < lines.length; ) {
      const at = this.currentBytes + written;
      const result = await this.#file?.write(lines, written, lines.length - written, at);
      written += result?.bytesWritten ?? 0;
    }
    this.#position += lines.length;
  }

  /** What was appended after this position does not count. */
  takeBack(position: number): void {
    this.#position = Math.max(position, this.#base);
  }

  /** Makes the current file an old one; the oldest goes. May be done again after a crash in the middle. */
  async rotate(): Promise<void> {
    // What an append left that failed must not be counted for the file.
    if (await this.#isIntact()) await this.#file?.truncate(this.currentBytes);
    await this.close();
    if (this.#count === 1) await orAbsent(unlink(this.#path));
    for (let number = this.#count - 1; number > 0; number--) {
      await orAbsent(rename(this.#pathOf(number - 1), this.#pathOf(number)));
    }
    this.#base = this.#position;
  }

  /** Opens the file that holds a position, or the oldest where that is gone. */
  async openAt(position: number): Promise<OpenLineFile | undefined> {
    let base = this.#base;
    let opened: OpenLineFile | undefined;
    for (let number = 0; number < this.#count; number++) {
      const file = await orAbsent(open(this.#pathOf(number), constants.O_RDONLY | constants.O_NOFOLLOW));
      if (file === undefined) continue;
      if (number > 0) base -= (await file.stat()).size;
      await opened?.file.close();
      opened = { file, base };
      if (base <= position) break;
    }
    return opened;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** Whether what is written goes where everybody looks. */
  async #isIntact(): Promise<boolean> {
    if (this.#file === undefined) return false;
    const there = await orAbsent(lstat(this.#path));
    if (there === undefined || there.size < this.currentBytes) return false;
    return there.ino === (await this.#file.stat()).ino;
  }

  #pathOf(number: number): string {
    return number === 0 ? this.#path : `${this.#path}.${number}`;
  }
}

/** Programs may have put something else there, where they run without isolation. */
async function openFile(path: string): Promise<FileHandle> {
  const found = await orAbsent(lstat(path));
  if (found !== undefined && !found.isFile()) await rm(path, { recursive: true, force: true });
  return open(path, writable, 0o644);
}

async function orAbsent<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
