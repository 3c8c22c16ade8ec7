import type { FileHandle } from 'node:fs/promises';
import { writeFully } from './files.ts';

/**
 * Writes small chunks as large ones: while one batch is on its way to the disk, the next is gathered. It holds
 * two batches at most.
 */
export class BatchWriter {
  readonly #file: FileHandle;
  readonly #batchBytes: number;
  readonly #gathered: Buffer[] = [];
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
    this.#gathered.push(chunk);
    this.#gatheredBytes += chunk.length;
    if (this.#gatheredBytes >= this.#batchBytes) await this.#flush();
  }

  /** Writes what is left. */
  async end(): Promise<void> {
    await this.#flush();
    await this.#writing;
  }

  async #flush(): Promise<void> {
    await this.#writing;
    const batch = Buffer.concat(this.#gathered);
    this.#gathered.length = 0;
    this.#gatheredBytes = 0;
    this.#writing = writeFully(this.#file, batch, this.#position).then(end => {
      this.#position = end;
    });
    this.#writing.catch(() => {}); // told by the next one that waits for it
  }
}
