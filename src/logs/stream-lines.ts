import { characterCut, validUtf8, validUtf8Start } from '../lib/utf8.ts';
import type { LogLine, LogStream } from './logs.ts';

/** A line while it is made: its cursor is known when all lines of its record are. */
export type NewLine = { -readonly [Key in keyof LogLine]: LogLine[Key] };

const nothing = Buffer.alloc(0);

/** The text of one stream: joins pieces, ends lines at `\n`, `\r\n` and `\r`, splits long lines. */
export class StreamLines {
  readonly stream: LogStream;
  /** End of the last record that the unfinished line was made of. */
  unfinishedEnd = 0;
  readonly #maxLineBytes: number;
  /** Text of an unfinished line; valid UTF-8 but for a character that is cut off at the end. */
  #unfinished: Buffer | undefined;
  #unfinishedTime = '';
  /** Bytes of the unfinished line that the reader already has. */
  #delivered = 0;
  /** The text so far ended in `\r`: a newline that follows at once belongs to it. */
  #afterCarriageReturn = false;

  constructor(stream: LogStream, maxLineBytes: number) {
    this.stream = stream;
    this.#maxLineBytes = maxLineBytes;
  }

  /** Whether the next text stands for itself. */
  get isFresh(): boolean {
    return this.#unfinished === undefined && !this.#afterCarriageReturn;
  }

  /**
   * @param carriageReturn where the first `\r` stands in `text`, -1 for none
   * @param full whether a newline follows the text
   */
  take(text: Buffer, carriageReturn: number, full: boolean, time: string, end: number, out: NewLine[]): void {
    if (text.length === 0 && !full) return;
    const completesLineEnd = this.#afterCarriageReturn && text.length === 0;
    this.#afterCarriageReturn = false;
    if (completesLineEnd) return;

    let start = 0;
    for (let found = carriageReturn; found !== -1; found = text.indexOf(0x0d, start)) {
      this.#endLine(text.subarray(start, found), time, out);
      start = found + 1;
      if (start === text.length) {
        this.#afterCarriageReturn = !full;
        return;
      }
    }
    if (full) this.#endLine(text.subarray(start), time, out);
    else this.#continueLine(text.subarray(start), time, end, out);
  }

  /** Makes an entry of the unfinished line and begins afresh. */
  breakOff(out: NewLine[]): void {
    if (this.#unfinished !== undefined) this.#endLine(nothing, this.#unfinishedTime, out);
    this.#afterCarriageReturn = false;
  }

  /** What the unfinished line would be if it ended here. */
  unfinished(): NewLine[] {
    if (this.#unfinished === undefined) return [];
    const { stream } = this;
    const time = this.#unfinishedTime;
    const pieces = this.#pieces(this.#unfinished);
    return pieces.map(piece => ({ type: 'line', cursor: 0, time, stream, text: piece.toString('utf8') }));
  }

  /**
   * The reader has had the first `pieces` entries of the unfinished line: only the rest of it is new.
   * @returns how many of them were of this stream
   */
  markDelivered(pieces: number): number {
    if (this.#unfinished === undefined) return 0;
    const delivered = this.#pieces(this.#unfinished).slice(0, pieces);
    const bytes = delivered.reduce((sum, piece) => sum + piece.length, 0);
    this.#delivered = Math.min(bytes, this.#unfinished.length);
    return delivered.length;
  }

  #endLine(text: Buffer, time: string, out: NewLine[]): void {
    const line = this.#unfinished === undefined ? text : Buffer.concat([this.#unfinished, text]);
    for (const piece of this.#pieces(line)) this.#emit(piece, time, out);
    this.#unfinished = undefined;
    this.#delivered = 0;
  }

  #continueLine(text: Buffer, time: string, end: number, out: NewLine[]): void {
    let line = validUtf8Start(Buffer.concat([this.#unfinished ?? nothing, text]));
    while (line.length > this.#maxLineBytes) {
      const cut = characterCut(line, this.#maxLineBytes);
      this.#emit(line.subarray(0, cut), time, out);
      line = line.subarray(cut);
    }
    this.#unfinished = line;
    this.#unfinishedTime = time;
    this.unfinishedEnd = end;
  }

  /** An entry without text is withheld by the assembler: the reader has all of it. */
  #emit(piece: Buffer, time: string, out: NewLine[]): void {
    const known = Math.min(this.#delivered, piece.length);
    this.#delivered -= known;
    const text = piece.toString('utf8', known);
    out.push({
      type: 'line',
      cursor: known > 0 && text === '' ? withheld : 0,
      time,
      stream: this.stream,
      text,
    });
  }

  #pieces(line: Buffer): Buffer[] {
    const pieces: Buffer[] = [];
    let rest = validUtf8(line);
    while (rest.length > this.#maxLineBytes) {
      const cut = characterCut(rest, this.#maxLineBytes);
      pieces.push(rest.subarray(0, cut));
      rest = rest.subarray(cut);
    }
    pieces.push(rest);
    return pieces;
  }
}

/** Stands for the cursor of an entry that counts but is not given out, because the reader has its text. */
export const withheld = -1;
