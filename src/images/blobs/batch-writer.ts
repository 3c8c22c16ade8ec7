import type { FileHandle } from 'node:fs/promises';
import { writeFully } from './files.ts';

/**
 * Writes small chunks as large ones: while one batch is on its way to the disk, the next is gathered. Chunks are
 * copied into two buffers that are used in turn: what came from a connection can be freed at once, and a large
 * content leaves no large garbage.
 */
export class BatchWriter {
  readonly #file: FileHandle;
  readonly #batchBytes: number;
  #gathering: Buffer | undefined;
  #spare: Buffer | undefined;
  #gatheredBytes = 0;
  #position: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: FileHandle, position: number, batchBytes: number) {
    this.#file = file;
    this.#position = position;
    this.#batchBytes = batchBytes;
  }

  /** End of what is in the file. */
  get position(): number {
    return this.#position;
  }

  /** @throws what an earlier write has failed with */
  async add(chunk: Buffer): Promise<void> {
    let taken = 0;
    while (taken < chunk.length) {
      this.#gathering ??= Buffer.allocUnsafeSlow(this.#batchBytes);
      const copied = chunk.copy(this.#gathering, this.#gatheredBytes, taken);
      taken += copied;
      this.#gatheredBytes += copied;
      if (this.#gatheredBytes === this.#batchBytes) await this.#flush();
    }
  }

  /** Writes what is left. */
  async end(): Promise<void> {
    await this.#flush();
    await this.#writing;
  }

  async #flush(): Promise<void> {
    await this.#writing;
    const buffer = this.#gathering;
    if (buffer === undefined) return;
    const batch = buffer.subarray(0, this.#gatheredBytes);
    // It is written by now.
    this.#gathering = this.#spare;
    this.#spare = buffer;
    this.#gatheredBytes = 0;
    this.#writing = writeFully(this.#file, batch, this.#position).then(end => {
      this.#position = end;
    });
    this.#writing.catch(() => {}); // told by the next one that waits for it
  }
}
