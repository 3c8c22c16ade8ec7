import type { OutputBatch } from './joined-output.ts';

/** Writes batches in order, one write at a time; what comes during a write goes into the next one together. */
export class BatchWriter {
  readonly #write: (batch: OutputBatch) => Promise<void>;
  readonly #maxGatheredBytes: number;
  readonly #failed = new AbortController();
  #gathered: OutputBatch | undefined;
  #writing: Promise<void> | undefined;

  /** @param maxGatheredBytes of output that may wait for a write */
  constructor(write: (batch: OutputBatch) => Promise<void>, maxGatheredBytes: number) {
    this.#write = write;
    this.#maxGatheredBytes = maxGatheredBytes;
  }

  /** Fires when a write has failed: nothing is written any more. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /** Resolves when there is room for more. @throws what a write threw */
  async add(batch: OutputBatch): Promise<void> {
    while (this.#gathered !== undefined && this.#gathered.bytes + batch.bytes > this.#maxGatheredBytes) {
      await this.#writing;
    }
    this.#failed.signal.throwIfAborted();
    const { output, bytes } = this.#gathered ?? { output: [], bytes: 0 };
    this.#gathered = { ...batch, output: [...output, ...batch.output], bytes: bytes + batch.bytes };
    this.#writing ??= this.#drain();
  }

  /** Resolves when all is written. @throws what a write threw */
  async finish(): Promise<void> {
    await this.#writing;
    this.#failed.signal.throwIfAborted();
  }

  async #drain(): Promise<void> {
    try {
      for (let batch = this.#gathered; batch !== undefined; batch = this.#gathered) {
        this.#gathered = undefined;
        await this.#write(batch);
      }
    } catch (error) {
      this.#gathered = undefined;
      this.#failed.abort(error);
    } finally {
      this.#writing = undefined;
    }
  }
}
