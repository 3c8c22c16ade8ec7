/** Hands each event to all who listen at that moment; each reads at its own pace. */
export class EventFeed<T> {
  readonly #listeners = new Set<Listener<T>>();

  emit(event: T): void {
    for (const listener of this.#listeners) {
      listener.queue.push(event);
      listener.wake();
    }
  }

  /** Listens from this call on, until the signal. */
  listen(signal: AbortSignal): AsyncIterable<T> {
    const listener: Listener<T> = { queue: [], wake: () => {} };
    this.#listeners.add(listener);
    const stop = () => {
      this.#listeners.delete(listener);
      listener.wake();
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    return this.#read(listener, signal);
  }

  async *#read(listener: Listener<T>, signal: AbortSignal): AsyncGenerator<T> {
    try {
      while (!signal.aborted) {
        const event = listener.queue.shift();
        if (event !== undefined) yield event;
        else if (this.#listeners.has(listener)) {
          await new Promise<void>(resolve => {
            listener.wake = resolve;
          });
        } else return;
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }

  /** Ends all iterations after what they have not read yet. */
  close(): void {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener.wake();
  }
}

interface Listener<T> {
  readonly queue: T[];
  wake: () => void;
}
