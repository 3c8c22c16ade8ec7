import { networkLimits } from './limits.ts';

export interface PoolOptions<T> {
  /** How many are kept ready. */
  readonly size: number;
  /** Makes that many, all or none. */
  readonly make: (count: number) => Promise<T[]>;
  readonly discard: (items: T[]) => Promise<void>;
}

/**
 * Keeps things ready that take long to make. They are made in the background, several at once, by one
 * task; who comes when none is ready waits for the next ones. While enough are left the making waits a
 * moment, so that it does not compete with what the taken one is used for.
 */
export class Pool<T> {
  readonly #options: PoolOptions<T>;
  readonly #ready: T[] = [];
  readonly #waiting: PromiseWithResolvers<T>[] = [];
  #filling: Promise<void> | undefined;
  #later: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PoolOptions<T>) {
    this.#options = options;
  }

  /** Makes the missing ones in the background. */
  fill(): void {
    if (this.#closed || this.#filling !== undefined || this.#missing() <= 0) return;
    clearTimeout(this.#later);
    this.#later = undefined;
    this.#filling = this.#makeMissing().finally(() => {
      this.#filling = undefined;
    });
  }

  async take(): Promise<T> {
    if (this.#closed) throw new Error('the pool is closed');
    const item = this.#ready.shift();
    if (item !== undefined) {
      if (this.#ready.length < this.#options.size / 2) this.fill();
      else this.#fillLater(networkLimits.refillDelayMs);
      return item;
    }
    const turn = Promise.withResolvers<T>();
    this.#waiting.push(turn);
    this.fill();
    return turn.promise;
  }

  /** Gives up what is ready; resolves when nothing is being made any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#later);
    await this.#filling;
    for (const turn of this.#waiting.splice(0)) turn.reject(new Error('the pool is closed'));
    await this.#options.discard(this.#ready.splice(0));
  }

  #fillLater(delayMs: number): void {
    if (this.#closed) return;
    this.#later ??= setTimeout(() => this.fill(), delayMs).unref();
  }

  #missing(): number {
    return this.#options.size + this.#waiting.length - this.#ready.length;
  }

  async #makeMissing(): Promise<void> {
    while (!this.#closed && this.#missing() > 0) {
      try {
        const made = await this.#options.make(Math.min(this.#missing(), networkLimits.batchSize));
        for (const item of made) this.#hand(item);
      } catch (error) {
        for (const turn of this.#waiting.splice(0)) turn.reject(error);
        this.#fillLater(networkLimits.refillRetryMs);
        return;
      }
    }
  }

  #hand(item: T): void {
    const turn = this.#waiting.shift();
    if (turn === undefined) this.#ready.push(item);
    else turn.resolve(item);
  }
}
