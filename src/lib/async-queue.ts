/**
 * A queue that is read by `for await`: whoever pushes never waits, one reader takes the items in their order.
 * It grows as long as nobody reads, so what is pushed must be few and small.
 */
export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  #isEnded = false;
  #wake: (() => void) | undefined;

  push(item: T): void {
    if (this.#isEnded) return;
    this.#items.push(item);
    this.#wake?.();
  }

  /** Lets the reader end after the items that it has not taken yet. */
  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  /** Ends the reader at once. */
  abort(): void {
    this.#items.length = 0;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) yield item;
      else if (this.#isEnded) return;
      else {
        await new Promise<void>(resolve => {
          this.#wake = resolve;
        });
      }
    }
  }
}
