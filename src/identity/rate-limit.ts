import type { Clock } from '../lib/clock.ts';
import { maxRateLimitKeys } from './limits.ts';

export interface RateLimitOptions {
  /** How often something may happen within the window, per key. */
  readonly max: number;
  readonly windowMs: number;
  readonly maxKeys?: number;
}

/** Counts what happened per key within the last moments, in bounded memory. */
export class RateLimit {
  readonly #max: number;
  readonly #windowMs: number;
  readonly #maxKeys: number;
  readonly #clock: Clock;
  /** Times of what happened, oldest first; keys in the order of their last use. */
  readonly #times = new Map<string, readonly number[]>();

  constructor({ max, windowMs, maxKeys = maxRateLimitKeys }: RateLimitOptions, clock: Clock) {
    this.#max = max;
    this.#windowMs = windowMs;
    this.#maxKeys = maxKeys;
    this.#clock = clock;
  }

  /** Counts, unless the limit is reached. @returns whether it may happen */
  take(key: string): boolean {
    const now = this.#clock.now().getTime();
    const recent = (this.#times.get(key) ?? []).filter(time => time > now - this.#windowMs);
    const allowed = recent.length < this.#max;
    this.#times.delete(key);
    this.#times.set(key, allowed ? [...recent, now] : recent);
    this.#forgetOldest();
    return allowed;
  }

  /** What happened so far does not count any more. */
  forget(key: string): void {
    this.#times.delete(key);
  }

  #forgetOldest(): void {
    for (const key of this.#times.keys()) {
      if (this.#times.size <= this.#maxKeys) return;
      this.#times.delete(key);
    }
  }
}
