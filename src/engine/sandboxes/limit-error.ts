import { BerthError } from '../../lib/errors.ts';

export interface LimitFacts {
  readonly limit: number;
  /** How many there are, or were in the window. */
  readonly current: number;
  /** Of a rate, ms; of what is counted at one time absent. */
  readonly windowMs?: number;
  /** When it may be tried again, ms from now. */
  readonly retryAfterMs: number;
}

/** An account has as many sandboxes as it may have, or makes them too fast: `limit-reached`, `rate-limited`. */
export class SandboxLimitError extends BerthError {
  readonly facts: LimitFacts;

  constructor(message: string, facts: LimitFacts) {
    super(facts.windowMs === undefined ? 'limit-reached' : 'rate-limited', message);
    this.name = 'SandboxLimitError';
    this.facts = facts;
  }
}
