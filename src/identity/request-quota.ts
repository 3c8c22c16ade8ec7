import type { Clock } from '../lib/clock.ts';
import { maxRateLimitKeys } from './limits.ts';

export interface QuotaOptions {
  /** Whole seconds. */
  readonly windowSeconds: number;
  readonly maxKeys?: number;
}

export interface QuotaState {
  readonly limit: number;
  /** 0..limit-1 */
  readonly remaining: number;
  /** When the window is over: a whole second. */
  readonly resetsAt: Date;
  /** False when the limit was reached before. */
  readonly allowed: boolean;
}

/**
 * Counts requests per key in windows of fixed length that begin with the first one. In memory, and bounded: where there
 * are too many keys those whose window began first are forgotten.
 */
export class RequestQuota {
  readonly #windowMs: number;
  readonly #maxKeys: number;
  readonly #clock: Clock;
  /** In the order in which they end. */
  readonly #windows = new Map<string, { readonly endsAtMs: number; count: number }>();

  constructor({ windowSeconds, maxKeys = maxRateLimitKeys }: QuotaOptions, clock: Clock) {
    this.#windowMs = windowSeconds * 1_000;
    this.#maxKeys = maxKeys;
    this.#clock = clock;
  }

  /** Counts one more. @param limit at least 1 */
  take(key: string, limit: number): QuotaState {
    const now = this.#clock.now().getTime();
    this.#forgetEnded(now);
    let window = this.#windows.get(key);
    if (window === undefined) {
      window = { endsAtMs: Math.floor(now / 1_000) * 1_000 + this.#windowMs, count: 0 };
      this.#windows.set(key, window);
    }
    const allowed = window.count < limit;
    if (allowed) window.count += 1;
    const remaining = Math.max(0, limit - window.count);
    return { limit, remaining, resetsAt: new Date(window.endsAtMs), allowed };
  }

  #forgetEnded(now: number): void {
    for (const [key, { endsAtMs }] of this.#windows) {
      if (endsAtMs > now && this.#windows.size < this.#maxKeys) return;
      this.#windows.delete(key);
    }
  }
}
