export interface BackOffLimits {
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  /** A process that ran this long starts the delays over. */
  readonly resetAfterMs: number;
}

/** Delays before automatic restarts: each longer than the last, up to a limit. */
export class BackOff {
  readonly #limits: BackOffLimits;
  #delayMs: number;

  constructor(limits: BackOffLimits) {
    this.#limits = limits;
    this.#delayMs = limits.initialMs;
  }

  /**
   * The delay before the next start, in ms.
   * @param ranMs how long the process ran; 0 when it was not launched
   */
  next(ranMs: number): number {
    if (ranMs >= this.#limits.resetAfterMs) this.reset();
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(delayMs * this.#limits.factor, this.#limits.maxMs);
    return delayMs;
  }

  reset(): void {
    this.#delayMs = this.#limits.initialMs;
  }
}
