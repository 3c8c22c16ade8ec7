/** Node fires timers at once that are longer than this. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Counts who uses a sandbox and tells when nobody has for some time. What happens then is its owner's
 * business; the clock stands still until it is started.
 */
export class IdleClock {
  readonly #onIdle: () => void;
  #uses = 0;
  #idleMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  get inUse(): boolean {
    return this.#uses > 0;
  }

  /** Somebody uses it until the returned function is called (again is no harm). */
  hold(): () => void {
    this.#uses++;
    clearTimeout(this.#timer);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#uses--;
      this.#arm();
    };
  }

  /** Something happened: the time begins anew. */
  touch(): void {
    this.#arm();
  }

  /** @param idleMs from now on, or from the end of the last use; 0 = never */
  start(idleMs: number): void {
    this.#idleMs = idleMs;
    this.#arm();
  }

  stop(): void {
    this.#idleMs = 0;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#uses > 0 || this.#idleMs === 0) return;
    this.#timer = setTimeout(this.#onIdle, Math.min(this.#idleMs, longestTimerMs)).unref();
  }
}
