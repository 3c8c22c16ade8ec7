/** Where a piece of output comes from; a terminal has `stdout` only. */
export type OutputStream = 'stdout' | 'stderr';

export interface OutputPiece {
  readonly stream: OutputStream;
  readonly bytes: Buffer;
}

/** The last output of a session, for whoever attaches later. */
export class Scrollback {
  readonly #maxBytes: number;
  readonly #pieces: OutputPiece[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes a piece that the caller will not change. */
  add(piece: OutputPiece): void {
    this.#pieces.push(piece);
    this.#bytes += piece.bytes.length;
    while (this.#bytes > this.#maxBytes) {
      const first = this.#pieces[0];
      if (first === undefined) return;
      const excess = this.#bytes - this.#maxBytes;
      if (first.bytes.length > excess) {
        this.#pieces[0] = { stream: first.stream, bytes: first.bytes.subarray(excess) };
        this.#bytes -= excess;
      } else {
        this.#pieces.shift();
        this.#bytes -= first.bytes.length;
      }
    }
  }

  /** Oldest first. */
  pieces(): readonly OutputPiece[] {
    return this.#pieces;
  }
}
