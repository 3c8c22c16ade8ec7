/** Reads a stream of bytes in pieces of known size. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes; undefined when nothing at all is left. @throws {Error} when some are missing */
  async take(bytes: number): Promise<Buffer | undefined> {
    if (this.#rest.length < bytes) await this.#gather(bytes);
    if (this.#rest.length === 0 && bytes > 0) return undefined;
    if (this.#rest.length < bytes) throw truncated();
    return this.#cut(bytes);
  }

  /** So many bytes as they come. @throws {Error} when some are missing */
  async *stream(bytes: number): AsyncGenerator<Buffer> {
    let left = bytes;
    while (left > 0) {
      if (this.#rest.length === 0 && !(await this.#more())) throw truncated();
      const chunk = this.#cut(Math.min(left, this.#rest.length));
      left -= chunk.length;
      yield chunk;
    }
  }

  /** Reads to the end. */
  async drain(): Promise<void> {
    do this.#rest = Buffer.alloc(0);
    while (await this.#more());
  }

  async #gather(bytes: number): Promise<void> {
    const gathered = [this.#rest];
    let length = this.#rest.length;
    while (length < bytes && (await this.#more())) {
      gathered.push(this.#rest);
      length += this.#rest.length;
    }
    this.#rest = Buffer.concat(gathered);
  }

  /** Replaces what is left by the next chunk. @returns false at the end */
  async #more(): Promise<boolean> {
    const next = await this.#chunks.next();
    this.#rest = next.done ? Buffer.alloc(0) : next.value;
    return !next.done;
  }

  #cut(bytes: number): Buffer {
    const piece = this.#rest.subarray(0, bytes);
    this.#rest = this.#rest.subarray(bytes);
    return piece;
  }
}

function truncated(): Error {
  return new Error('it ends in the middle');
}
