import { maxRecordBytes, readBlockBytes } from './limits.ts';
import { LineAssembler, stepStart } from './line-assembler.ts';
import type { LogGap, LogLine } from './logs.ts';
import type { OpenSegment, Segments } from './segments.ts';

/** Reads a log forwards, a block at a time, from file to file. Holds one open file and one buffer. */
export class EntrySource {
  readonly #segments: Segments;
  readonly #maxLineBytes: number;
  readonly #after: number;
  readonly #buffer = Buffer.allocUnsafe(maxRecordBytes + readBlockBytes);
  #assembler: LineAssembler | undefined;
  #open: OpenSegment | undefined;
  /** Position in the log of the buffer's first byte. */
  #position: number;
  /** Bytes of an unfinished record at the buffer's start. */
  #held = 0;
  /** Whether to pass over everything up to the next newline. */
  #skipping = false;

  /** @param after the cursor to go on after; 0 for the start of the log */
  constructor(segments: Segments, maxLineBytes: number, after: number) {
    this.#segments = segments;
    this.#maxLineBytes = maxLineBytes;
    this.#after = after;
    this.#position = after === 0 ? 0 : stepStart(after - 1);
  }

  /**
   * Reads one block and adds its lines to `out`.
   * @param until reads nothing that stands at or after this position
   * @returns a gap that follows these lines; 'end' when there is nothing more to read now
   */
  async next(out: LogLine[], until = Number.MAX_SAFE_INTEGER): Promise<LogGap | 'more' | 'end'> {
    if (this.#open === undefined) return this.#openFirst();
    if (await this.#readBlock(this.#open, until, out)) return 'more';
    if (this.#position + this.#held >= until) return 'end';
    if (!(await this.#segments.hasSuccessor(this.#open.base))) return 'end';
    // It may have grown between the read and the look at its successor.
    if (await this.#readBlock(this.#open, until, out)) return 'more';
    return this.#openNext(this.#open, out);
  }

  /** Adds the lines that are unfinished where the log ends now. */
  unfinished(out: LogLine[]): void {
    this.#assembler?.unfinished(this.#position, out);
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
    this.#assembler = this.#assemblerAt(this.#position, false);
    this.#position = wanted;
    this.#skipping = true;
    return 'more';
  }

  async #openNext(finished: OpenSegment, out: LogLine[]): Promise<LogGap | 'more'> {
    const end = this.#position + this.#held;
    const next = await this.#segments.openAt(end);
    if (next === undefined || next.base === finished.base) {
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
    this.#assembler = this.#assemblerAt(base, true);
    const lostBytes = base - Math.max(reached, this.#after);
    return lostBytes > 0 ? { type: 'gap', cursor: base, lostBytes } : 'more';
  }

  #assemblerAt(position: number, isFirst: boolean): LineAssembler {
    return new LineAssembler({ maxLineBytes: this.#maxLineBytes, position, isFirst, after: this.#after });
  }

  async #readBlock(segment: OpenSegment, until: number, out: LogLine[]): Promise<boolean> {
    const from = this.#position + this.#held;
    const length = Math.min(readBlockBytes, until - from);
    if (length <= 0) return false;
    const { bytesRead } = await segment.file.read(this.#buffer, this.#held, length, from - segment.base);
    if (bytesRead === 0) return false;

    let bytes: Buffer = this.#buffer.subarray(0, this.#held + bytesRead);
    if (this.#skipping) bytes = this.#pass(bytes, bytes.indexOf(0x0a) + 1);
    const taken = this.#assembler?.take(bytes, this.#position, out) ?? 0;
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
