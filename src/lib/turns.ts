/** Tasks of one key run one after the other, in the order in which they came. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.settled(key);
    const turn = before.then(task);
    this.#last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    }
  }

  /** Keys with tasks that are not done. */
  keys(): MapIterator<string> {
    return this.#last.keys();
  }

  /** Resolves when the tasks of a key that have come so far are done. */
  async settled(key: string): Promise<void> {
    await this.#last.get(key)?.catch(() => {});
  }

  async allSettled(): Promise<void> {
    await Promise.all([...this.#last.keys()].map(key => this.settled(key)));
  }
}

/** Lets at most so many tasks run at the same time; the others wait in line. */
export class Slots {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>(resolve => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
