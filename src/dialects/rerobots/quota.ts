import type { FastifyReply } from 'fastify';
import { addressKey, hashToken, type QuotaState, RequestQuota } from '../../identity/index.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { RerobotsError } from './errors.ts';
import type { RateSettings } from './parts.ts';

/** How many requests a token, or an address without one, may send. */
export class Quota {
  readonly #limits: RateSettings;
  readonly #requests: RequestQuota;
  readonly #clock: Clock;

  constructor(limits: RateSettings, clock: Clock = systemClock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#requests = new RequestQuota({ windowSeconds: limits.windowSeconds }, clock);
  }

  /** Counts a request. @param token one that is valid @returns undefined where there is no limit */
  take({ token, address }: { readonly token?: string; readonly address: string }): QuotaState | undefined {
    const limit = token === undefined ? this.#limits.anonymous : this.#limits.token;
    if (limit === 0) return undefined;
    const key = token === undefined ? `address ${addressKey(address)}` : `token ${hashToken(token)}`;
    return this.#requests.take(key, limit);
  }

  refusal({ resetsAt }: QuotaState): RerobotsError {
    const leftSeconds = Math.ceil((resetsAt.getTime() - this.#clock.now().getTime()) / 1_000);
    const headers = { 'retry-after': String(Math.max(1, leftSeconds)) };
    return new RerobotsError(403, 'rate limit exceeded', { headers });
  }
}

export function tellQuota(reply: FastifyReply, { limit, remaining, resetsAt }: QuotaState): void {
  reply.headers({
    'x-ratelimit-limit': limit,
    'x-ratelimit-remaining': remaining,
    'x-ratelimit-reset': resetsAt.getTime() / 1_000,
  });
}
