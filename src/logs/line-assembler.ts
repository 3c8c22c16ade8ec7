import type { LogLine, LogStream } from './logs.ts';
import { parseRecord, type RecordHead } from './record.ts';
import { type NewLine, StreamLines, withheld } from './stream-lines.ts';

/**
 * The log is divided into blocks by position. At a block's start a stream begins afresh (its unfinished line
 * becomes an entry) when it was silent for the whole block before, or has ended no line in `memoryBlocks`
 * blocks. So what a record means depends on a bounded stretch before it, and a reader that starts there makes
 * the same entries as one that starts at the beginning.
 */
const blockBytes = 64 * 1024;
const memoryBlocks = 4;

/** Where an assembler must start so that the entries of the record that holds `position` are right. */
export function stepStart(position: number): number {
  // The record may begin in the block before.
  const block = Math.floor(position / blockBytes) - 1 - memoryBlocks;
  return Math.max(0, block) * blockBytes;
}

/** How far behind the end of a log the cursors of its unfinished lines may lie: two streams, two pieces each. */
export const maxUnfinishedEntries = 4;

interface AssemblerStart {
  readonly maxLineBytes: number;
  readonly position: number;
  /** Nothing stands before `position`; otherwise entries are right only from `stepStart` on. */
  readonly isFirst: boolean;
  /** Entries up to this cursor are not given out. */
  readonly after: number;
}

interface StreamState {
  readonly lines: StreamLines;
  lastBlock: number;
  lineEndBlock: number;
}

/**
 * Makes entries of records.
 *
 * Cursors: the last entry made by the record that ends at position e has cursor e, the one before it e - 1,
 * and so on; a record is always longer than the number of its entries. Unfinished lines have e + 1, e + 2, …
 * where e is the end of the log.
 */
export class LineAssembler {
  readonly #stdout: StreamState;
  readonly #stderr: StreamState;
  readonly #after: number;
  readonly #quickBytes: number;
  readonly #head: RecordHead = { stream: 'stdout', full: true, timeEnd: 0, textStart: 0 };
  #block: number;
  #nextBlockAt: number;
  #timeBytes = Buffer.alloc(0);
  #time = '';

  constructor(start: AssemblerStart) {
    this.#after = start.after;
    // Each byte becomes three where it is invalid.
    this.#quickBytes = start.maxLineBytes / 3;
    this.#block = Math.floor(start.position / blockBytes);
    this.#nextBlockAt = (this.#block + 1) * blockBytes;
    const before = start.isFirst ? this.#block : this.#block - 1;
    const state = (stream: LogStream): StreamState => ({
      lines: new StreamLines(stream, start.maxLineBytes),
      lastBlock: before,
      lineEndBlock: before,
    });
    this.#stdout = state('stdout');
    this.#stderr = state('stderr');
  }

  /**
   * Takes the whole records at the beginning of `bytes`, the first byte of which stands at `position`.
   * Whatever is not a record is passed over.
   * @returns how many bytes were taken
   */
  take(bytes: Buffer, position: number, out: LogLine[]): number {
    let start = 0;
    let carriageReturn = bytes.indexOf(0x0d);
    for (let newline = bytes.indexOf(0x0a); newline !== -1; newline = bytes.indexOf(0x0a, start)) {
      if (carriageReturn !== -1 && carriageReturn < start) carriageReturn = bytes.indexOf(0x0d, start);
      if (position + start < this.#after) this.#recallUnfinished(position + start);
      if (parseRecord(bytes, start, newline, this.#head)) {
        const found = carriageReturn < newline ? carriageReturn : -1;
        this.#takeRecord(bytes, start, newline, position + start, found, out);
      }
      start = newline + 1;
    }
    return start;
  }

  /** Adds the unfinished lines at `end`, where the log ends for now. They stay so for what comes later. */
  unfinished(end: number, out: LogLine[]): void {
    let cursor = end;
    for (const { lines } of this.#oldestFirst()) {
      for (const line of lines.unfinished()) {
        line.cursor = ++cursor;
        if (cursor > this.#after) out.push(line);
      }
    }
  }

  #takeRecord(
    bytes: Buffer,
    from: number,
    to: number,
    position: number,
    carriageReturn: number,
    out: LogLine[],
  ): void {
    const { stream, full, timeEnd, textStart } = this.#head;
    const end = position + to - from + 1;
    const first = out.length;
    if (position >= this.#nextBlockAt) this.#enterBlock(position, out);

    const state = stream === 'stdout' ? this.#stdout : this.#stderr;
    state.lastBlock = this.#block;
    if (full || carriageReturn !== -1) state.lineEndBlock = this.#block;

    const time = this.#timeOf(bytes, from, timeEnd);
    const isWholeLine = full && carriageReturn === -1 && state.lines.isFresh;
    if (isWholeLine && to - textStart <= this.#quickBytes && first === out.length) {
      if (end > this.#after) {
        out.push({ type: 'line', cursor: end, time, stream, text: bytes.toString('utf8', textStart, to) });
      }
      return;
    }
    const text = bytes.subarray(textStart, to);
    const found = carriageReturn === -1 ? -1 : carriageReturn - textStart;
    state.lines.take(text, found, full, time, end, out);
    this.#giveCursors(out, first, end);
  }

  /** Numbers the lines of a record, and takes back those that the reader has had. */
  #giveCursors(out: NewLine[], first: number, end: number): void {
    let kept = first;
    for (let index = first; index < out.length; index++) {
      const line = out[index];
      const cursor = end - (out.length - 1 - index);
      if (line === undefined || line.cursor === withheld || cursor <= this.#after) continue;
      line.cursor = cursor;
      out[kept++] = line;
    }
    out.length = kept;
  }

  #enterBlock(position: number, out: NewLine[]): void {
    const block = Math.floor(position / blockBytes);
    for (const state of this.#oldestFirst()) {
      const wasSilent = state.lastBlock < block - 1;
      if (!wasSilent && state.lineEndBlock >= block - memoryBlocks) continue;
      if (wasSilent) state.lineEndBlock = block - 1;
      state.lines.breakOff(out);
    }
    this.#block = block;
    this.#nextBlockAt = (block + 1) * blockBytes;
  }

  /** The cursor to go on after may be that of an unfinished line at this place. */
  #recallUnfinished(position: number): void {
    if (this.#after > position + maxUnfinishedEntries) return;
    let left = this.#after - position;
    for (const { lines } of this.#oldestFirst()) left -= lines.markDelivered(left);
  }

  #oldestFirst(): StreamState[] {
    const inOrder = this.#stdout.lines.unfinishedEnd <= this.#stderr.lines.unfinishedEnd;
    return inOrder ? [this.#stdout, this.#stderr] : [this.#stderr, this.#stdout];
  }

  /** Records written together have the same time: its text is made once. */
  #timeOf(bytes: Buffer, from: number, to: number): string {
    const known = this.#timeBytes;
    let at = known.length;
    if (at === to - from) {
      while (at > 0 && known[at - 1] === bytes[from + at - 1]) at--;
      if (at === 0) return this.#time;
    }
    this.#timeBytes = Buffer.from(bytes.subarray(from, to));
    this.#time = bytes.toString('latin1', from, to);
    return this.#time;
  }
}
