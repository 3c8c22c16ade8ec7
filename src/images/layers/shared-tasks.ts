/** A task that several wait for. */
interface SharedTask<Result> {
  readonly result: Promise<Result>;
  readonly abort: AbortController;
  waiting: number;
}

/** Runs one task per key, however many want its result at the same time. It is given up when all of them have. */
export class SharedTasks<Result> {
  readonly #running = new Map<string, SharedTask<Result>>();

  async run(
    key: string,
    signal: AbortSignal,
    start: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    signal.throwIfAborted();
    const task = this.#running.get(key) ?? this.#start(key, start);
    task.waiting += 1;
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const giveUp = () => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await Promise.race([task.result, aborted]);
    } finally {
      signal.removeEventListener('abort', giveUp);
      task.waiting -= 1;
      if (task.waiting === 0) {
        this.#forget(key, task);
        task.abort.abort(signal.reason);
      }
    }
  }

  #start(key: string, start: (signal: AbortSignal) => Promise<Result>): SharedTask<Result> {
    const abort = new AbortController();
    const task: SharedTask<Result> = { result: start(abort.signal), abort, waiting: 0 };
    this.#running.set(key, task);
    const forget = () => this.#forget(key, task);
    task.result.then(forget, forget);
    return task;
  }

  #forget(key: string, task: SharedTask<Result>): void {
    if (this.#running.get(key) === task) this.#running.delete(key);
  }
}
