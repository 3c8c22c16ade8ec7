import { maxRecordBytes, readBlockBytes } from './limits.ts';
import type { LogGap } from './logs.ts';
import type { OpenSegment, Segments } from './segments.ts';

/** Makes entries of the bytes of a log. */
export interface RecordTaker<Entry> {
  /**
   * Takes the whole records at the beginning of `bytes`, which are used again afterwards.
   * @param position in the log, of the first byte
   * @returns how many bytes were taken
   */
  take(bytes: Buffer, position: number, out: Entry[]): number;
  /** Adds what is unfinished where the log ends now. */
  unfinished(end: number, out: Entry[]): void;
}

export interface BlockSourceOptions<Entry> {
  /** The cursor to go on after; 0 for the start of the log. */
  readonly after: number;
  /** Where to begin with the reading: at that cursor, or before it. */
  readonly position: number;
  /** Called at the beginning, and anew where bytes are missing: nothing stands before the position then. */
  readonly takerAt: (position: number, isFirst: boolean) => RecordTaker<Entry>;
}

/** Reads a log forwards, a block at a time, from file to file. Holds one open file and one buffer. */
export class BlockSource<Entry> {
  readonly #segments: Segments;
  readonly #after: number;
  readonly #takerAt: BlockSourceOptions<Entry>['takerAt'];
  readonly #buffer = Buffer.allocUnsafe(maxRecordBytes + readBlockBytes);
  #taker: RecordTaker<Entry> | undefined;
  #open: OpenSegment | undefined;
  /** Position in the log of the buffer's first byte. */
  #position: number;
  /** Bytes of an unfinished record at the buffer's start. */
  #held = 0;
  /** Whether to pass over everything up to the next newline. */
  #skipping = false;

  constructor(segments: Segments, options: BlockSourceOptions<Entry>) {
    this.#segments = segments;
    this.#after = options.after;
    this.#position = options.position;
    this.#takerAt = options.takerAt;
  }

  /**
   * Reads one block and adds its entries to `out`.
   * @param until reads nothing that stands at or after this position
   * @returns a gap that follows these entries; 'end' when there is nothing more to read now
   */
  async next(out: Entry[], until = Number.MAX_SAFE_INTEGER): Promise<LogGap | 'more' | 'end'> {
    if (this.#open === undefined) return this.#openFirst();
    if (await this.#readBlock(this.#open, until, out)) return 'more';
    if (this.#position + this.#held >= until) return 'end';
    if (!(await this.#segments.hasSuccessor(this.#open.base))) return 'end';
    // It may have grown between the read and the look at its successor.
    if (await this.#readBlock(this.#open, until, out)) return 'more';
    return this.#openNext(this.#open, out);
  }

  /** Adds what is unfinished where the log ends now. */
  unfinished(out: Entry[]): void {
    this.#taker?.unfinished(this.#position, out);
  }

  async close(): Promise<void> {
    const segment = this.#open;
    this.#open = undefined;
    await segment?.file.close();
  }

  async #openFirst(): Promise<LogGap | 'more' | 'end'> {
    // From the byte before, so that a record that begins just at the position is known for one.
    const wanted = Math.max(0, this.#position - 1);
    const segment = await this.#segments.openAt(wanted);
    if (segment === undefined) return 'end';
    this.#open = segment;
    if (segment.base >= this.#position) return this.#begin(segment.base, this.#position);
    this.#taker = this.#takerAt(this.#position, false);
    this.#position = wanted;
    this.#skipping = true;
    return 'more';
  }

  async #openNext(finished: OpenSegment, out: Entry[]): Promise<LogGap | 'more'> {
    const end = this.#position + this.#held;
    const next = await this.#segments.openAt(end);
    // An empty one begins where the active file begins, too.
    const isSame = next?.base === finished.base && next.isActive === finished.isActive;
    if (next === undefined || isSame) {
      await next?.file.close();
      return 'more';
    }
    this.#open = next;
    await finished.file.close();
    // A record that its writer did not finish in one file is not finished in the next.
    this.#held = 0;
    this.#skipping = false;
    this.#position = end;
    if (next.base <= end) return 'more';
    this.unfinished(out);
    return this.#begin(next.base, end);
  }

  /** Begins at a file before which there is nothing, or nothing any more. */
  #begin(base: number, reached: number): LogGap | 'more' {
    this.#position = base;
    this.#taker = this.#takerAt(base, true);
    const lostBytes = base - Math.max(reached, this.#after);
    return lostBytes > 0 ? { type: 'gap', cursor: base, lostBytes } : 'more';
  }

  async #readBlock(segment: OpenSegment, until: number, out: Entry[]): Promise<boolean> {
    const from = this.#position + this.#held;
    const length = Math.min(readBlockBytes, until - from);
    if (length <= 0) return false;
    const { bytesRead } = await segment.file.read(this.#buffer, this.#held, length, from - segment.base);
    if (bytesRead === 0) return false;

    let bytes: Buffer = this.#buffer.subarray(0, this.#held + bytesRead);
    if (this.#skipping) bytes = this.#pass(bytes, bytes.indexOf(0x0a) + 1);
    const taken = this.#taker?.take(bytes, this.#position, out) ?? 0;
    this.#position += taken;
    let rest: Buffer = bytes.subarray(taken);
    if (rest.length > maxRecordBytes) rest = this.#pass(rest, 0);
    this.#buffer.set(rest, 0);
    this.#held = rest.length;
    return true;
  }

  /** Passes over the bytes before `start`, or over all and what follows where that is 0. */
  #pass(bytes: Buffer, start: number): Buffer {
    this.#skipping = start === 0;
    const passed = this.#skipping ? bytes.length : start;
    this.#position += passed;
    return bytes.subarray(passed);
  }
}
