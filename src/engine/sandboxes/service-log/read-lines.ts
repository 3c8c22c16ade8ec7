import { readBlockBytes } from './limits.ts';
import type { LineFiles, OpenLineFile } from './line-files.ts';
import { type LogFileLine, parseLine } from './log-line.ts';

const newline = 0x0a;

/** Reads the lines of log files forwards from a position, from file to file. */
export class LineReader {
  readonly #files: LineFiles;
  readonly #inTurn: InTurn;
  readonly #buffer = Buffer.allocUnsafe(readBlockBytes);
  #position: number;
  #open: OpenLineFile | undefined;
  /** The beginning of a line whose end was not read yet. */
  #rest = Buffer.alloc(0);

  /** @param inTurn runs a task while no file is renamed */
  constructor(files: LineFiles, position: number, inTurn: InTurn) {
    this.#files = files;
    this.#position = position;
    this.#inTurn = inTurn;
  }

  /** Up to where it has read. */
  get position(): number {
    return this.#position;
  }

  /** The next lines before the position `end`; empty when there are none. What is no line of ours is passed over. */
  async next(end: number): Promise<LogFileLine[]> {
    while (this.#position < end) {
      const block = await this.#readBlock(end);
      if (block === undefined) return [];
      const bytes = this.#rest.length === 0 ? block : Buffer.concat([this.#rest, block]);
      const length = bytes.lastIndexOf(newline) + 1;
      this.#rest = Buffer.from(bytes.subarray(length));
      if (length === 0) continue;
      const texts = bytes.toString('utf8', 0, length - 1).split('\n');
      const lines = texts.flatMap(text => parseLine(text) ?? []);
      if (lines.length > 0) return lines;
    }
    return [];
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.file.close();
  }

  async #readBlock(end: number): Promise<Buffer | undefined> {
    let finished: number | undefined;
    for (;;) {
      this.#open ??= await this.#openHere();
      const { file, base } = this.#open ?? {};
      // Others have removed or shortened it: what was there is gone.
      if (file === undefined || base === undefined || base === finished) {
        this.#position = end;
        return undefined;
      }
      const length = Math.min(this.#buffer.length, end - this.#position);
      const { bytesRead } = await file.read(this.#buffer, 0, length, this.#position - base);
      if (bytesRead > 0) {
        this.#position += bytesRead;
        return this.#buffer.subarray(0, bytesRead);
      }
      await this.close();
      finished = base;
      if (this.#position >= end) return undefined;
    }
  }

  async #openHere(): Promise<OpenLineFile | undefined> {
    const found = await this.#inTurn(() => this.#files.openAt(this.#position));
    if (found !== undefined && found.base > this.#position) {
      // Rotation was faster.
      this.#position = found.base;
      this.#rest = Buffer.alloc(0);
    }
    return found;
  }
}

export type InTurn = <T>(task: () => Promise<T>) => Promise<T>;

/** Position at which the last `count` lines before `end` begin; of the oldest line where there are fewer. */
export async function positionOfLast(
  files: LineFiles,
  count: number,
  end: number,
  inTurn: InTurn,
): Promise<number> {
  // The newline of the last line itself is the first one that is met.
  let wanted = count + 1;
  let position = end;
  const buffer = Buffer.allocUnsafe(readBlockBytes);
  while (position > 0 && count > 0) {
    const open = await inTurn(() => files.openAt(position - 1));
    if (open === undefined || open.base >= position) {
      await open?.file.close();
      return position;
    }
    try {
      while (position > open.base) {
        const length = Math.min(buffer.length, position - open.base);
        const start = position - length;
        const { bytesRead } = await open.file.read(buffer, 0, length, start - open.base);
        const block = buffer.subarray(0, bytesRead);
        for (
          let at = block.lastIndexOf(newline);
          at !== -1;
          at = block.subarray(0, at).lastIndexOf(newline)
        ) {
          if (--wanted === 0) return start + at + 1;
        }
        position = start;
      }
    } finally {
      await open.file.close();
    }
  }
  return position;
}
