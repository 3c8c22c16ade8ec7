import { cutOffLength, validUtf8, validUtf8Start } from '../../../lib/utf8.ts';
import type { LogPiece, LogStream } from '../../../logs/logs.ts';
import { fittingLength } from './encoded-length.ts';
import type { JoiningLimits } from './limits.ts';

/** A line, or a part of one that did not wait for the rest. */
export interface Output {
  readonly stream: LogStream;
  /** When the last of it arrived; ms since the epoch. */
  readonly atMs: number;
  /** Without its newline; invalid UTF-8 is U+FFFD. */
  readonly text: string;
  /** The program wrote a newline after it. */
  readonly endsLine: boolean;
  /** A part of the same line came before. */
  readonly continues: boolean;
}

/** What is known of a line that has not ended. */
export interface HeldOutput {
  readonly stream: LogStream;
  readonly bytes: Buffer;
  readonly atMs: number;
  /** A part of the line was given on. */
  readonly continues: boolean;
}

const newlineBytes = 2;

/** Makes lines of pieces: joins, decodes, and cuts what is too long. Each stream by itself. */
export class OutputJoiner {
  readonly #limits: JoiningLimits;
  readonly #held = new Map<LogStream, HeldOutput>();

  constructor(limits: JoiningLimits, held: readonly HeldOutput[] = []) {
    this.#limits = limits;
    for (const line of held) this.#held.set(line.stream, line);
  }

  /** Lines that have not ended. Given to another joiner, it goes on as this one would. */
  held(): HeldOutput[] {
    return [...this.#held.values()];
  }

  /** Whether there is something that silence would give on. */
  get isWaiting(): boolean {
    return this.held().some(({ bytes }) => bytes.length > cutOffLength(bytes));
  }

  take(piece: LogPiece, out: Output[]): void {
    const { stream, atMs, endsLine } = piece;
    const before = this.#held.get(stream);
    // So that the same is made of it when it is read later.
    if (before !== undefined && atMs - before.atMs >= this.#limits.silenceMs) this.#giveOn(before, out);
    const held = this.#held.get(stream);
    const bytes =
      held === undefined || held.bytes.length === 0 ? piece.bytes : joined(held.bytes, piece.bytes);
    let rest = endsLine ? validUtf8(bytes) : validUtf8Start(bytes);
    let continues = held?.continues ?? false;
    const limit = this.#limits.maxEncodedBytes - newlineBytes;
    for (let length = fittingLength(rest, limit); length < rest.length; length = fittingLength(rest, limit)) {
      out.push({ stream, atMs, text: rest.toString('utf8', 0, length), endsLine: false, continues });
      rest = rest.subarray(length);
      continues = true;
    }
    if (endsLine) {
      out.push({ stream, atMs, text: rest.toString('utf8'), endsLine: true, continues });
      this.#held.delete(stream);
    } else this.#held.set(stream, { stream, bytes: rest, atMs, continues });
  }

  /** There was silence: gives on what there is, but for a character that is cut off. */
  silence(out: Output[]): void {
    for (const held of this.held()) this.#giveOn(held, out);
  }

  /** The end, for now: nothing that comes belongs to these lines. */
  end(out: Output[]): void {
    for (const { stream, bytes, atMs, continues } of this.held()) {
      this.#held.delete(stream);
      if (bytes.length > 0)
        out.push({ stream, atMs, text: bytes.toString('utf8'), endsLine: false, continues });
    }
  }

  #giveOn({ stream, bytes, atMs, continues }: HeldOutput, out: Output[]): void {
    const whole = bytes.length - cutOffLength(bytes);
    if (whole === 0) return;
    out.push({ stream, atMs, text: bytes.toString('utf8', 0, whole), endsLine: false, continues });
    this.#held.set(stream, { stream, bytes: bytes.subarray(whole), atMs, continues: true });
  }
}

function joined(before: Buffer, bytes: Buffer): Buffer {
  return bytes.length === 0 ? before : Buffer.concat([before, bytes]);
}

/** The text of a line's part as it stands in a file, which ends each part with a newline; undefined when it is none. */
export function lineText({ text, continues }: Output): string | undefined {
  // The newline of a line that was given on already.
  return text === '' && continues ? undefined : text;
}
