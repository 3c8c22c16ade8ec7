import { BlockSource, type RecordTaker } from './block-source.ts';
import type { LogPiece } from './logs.ts';
import { parseRecord, type RecordHead } from './record.ts';
import type { Segments } from './segments.ts';

/** The records of a log after a cursor as they were written; 0 for the start of the log. */
export function pieceSource(segments: Segments, after: number): BlockSource<LogPiece> {
  return new BlockSource(segments, { after, position: after, takerAt: () => new PieceTaker() });
}

class PieceTaker implements RecordTaker<LogPiece> {
  readonly #head: RecordHead = { stream: 'stdout', full: true, timeEnd: 0, textStart: 0 };
  #time = '';
  #atMs = 0;

  take(bytes: Buffer, position: number, out: LogPiece[]): number {
    const end = bytes.lastIndexOf(0x0a) + 1;
    // What is given out must outlive the buffer that is read into.
    const block = Buffer.from(bytes.subarray(0, end));
    let start = 0;
    for (let newline = block.indexOf(0x0a); newline !== -1; newline = block.indexOf(0x0a, start)) {
      if (parseRecord(block, start, newline, this.#head)) {
        const { stream, full, timeEnd, textStart } = this.#head;
        out.push({
          type: 'piece',
          cursor: position + newline + 1,
          atMs: this.#timeOf(block, start, timeEnd),
          stream,
          bytes: block.subarray(textStart, newline),
          endsLine: full,
        });
      }
      start = newline + 1;
    }
    return end;
  }

  unfinished(): void {}

  /** Records written together have the same time: it is parsed once. */
  #timeOf(block: Buffer, from: number, to: number): number {
    const time = block.toString('latin1', from, to);
    if (time !== this.#time) {
      this.#time = time;
      const atMs = Date.parse(time);
      // A time that is none must not make what follows unreadable.
      if (!Number.isNaN(atMs)) this.#atMs = atMs;
    }
    return this.#atMs;
  }
}
