import type { Clock } from '../lib/clock.ts';
import { BerthError } from '../lib/errors.ts';
import type { Store } from '../store/store.ts';
import { addressKey } from './client-address.ts';
import { perMinuteMs } from './limits.ts';
import type { Passwords } from './passwords.ts';
import { RateLimit } from './rate-limit.ts';
import type { CreatedSession, Sessions } from './sessions.ts';

export interface LoginRequest {
  readonly name: string;
  readonly password: string;
  readonly clientAddress: string;
  readonly userAgent: string;
}

interface Parts {
  readonly store: Pick<Store, 'accounts' | 'users'>;
  readonly passwords: Passwords;
  /** Failed tries, by the user's name. */
  readonly failures: RateLimit;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly triesPerMinute: number;
}

/** Lets people in who know a name and its password, and slows down those who guess. */
export class PasswordLogin {
  readonly #parts: Parts;
  readonly #tries: RateLimit;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#tries = new RateLimit({ max: parts.triesPerMinute, windowMs: perMinuteMs }, parts.clock);
  }

  /**
   * A new session of a browser. What is told of a failure, and how long it takes, is the same whether there is
   * such a user or not.
   * @throws {BerthError} `rate-limited`, `unauthenticated`, `account-disabled` (the password was right),
   * `no-capacity`
   */
  async login({ name, password, clientAddress, userAgent }: LoginRequest): Promise<CreatedSession> {
    const { store, passwords, failures, sessions } = this.#parts;
    // The name counts before its password is looked at, so that many guesses at once count, too.
    if (!this.#tries.take(addressKey(clientAddress)) || !failures.take(name)) {
      throw new BerthError('rate-limited', 'too many tries to log in; wait some minutes');
    }
    const user = await store.users.byName(name);
    if (!(await passwords.verify(password, user?.passwordHash)) || user === undefined) {
      throw new BerthError('unauthenticated', 'wrong name or password');
    }
    failures.forget(name);
    const account = await store.accounts.byId(user.accountId);
    if (!account?.enabled) throw new BerthError('account-disabled', 'the user is disabled');
    return await sessions.create(account, 'browser', userAgent);
  }
}
