import { randomInt, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { BerthError } from '../lib/errors.ts';
import { hashToken, randomToken } from '../lib/ids.ts';
import type { Account, AccountStore } from '../store/store.ts';
import { addressKey } from './client-address.ts';
import { maxAttempts, maxUserAgentLength, maxWrongCodes, perMinuteMs } from './limits.ts';
import { RateLimit } from './rate-limit.ts';
import { type CreatedSession, printable, type Sessions } from './sessions.ts';

const maxUserHostLength = 128;

/** What a command line tells about itself when it wants to be logged in. */
export interface Applicant {
  readonly clientAddress: string;
  readonly userAgent: string;
  /** The name of the machine, as it calls itself. */
  readonly userHost?: string;
}

/** Who it was approved or denied by decides; nobody else may decide otherwise. */
type Decision =
  | { readonly state: 'pending' }
  | { readonly state: 'approved'; readonly accountId: string; readonly code: string }
  | { readonly state: 'denied'; readonly accountId: string };

export interface Attempt extends Applicant {
  readonly state: Decision['state'];
}

interface Entry {
  readonly applicant: Applicant;
  readonly expiresAt: Date;
  readonly timer: NodeJS.Timeout;
  readonly decided: PromiseWithResolvers<'ok' | 'failed'>;
  decision: Decision;
  wrongCodes: number;
}

interface Parts {
  readonly accounts: Pick<AccountStore, 'byId'>;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly attemptMs: number;
  readonly attemptsPerMinute: number;
}

/**
 * Logins of command lines: one begins an attempt, a person who is logged in approves it in a browser, and reads
 * a code there that the command line exchanges for a session. Attempts are in memory only: they live for minutes,
 * and a command line whose attempt is gone begins another one.
 */
export class LoginAttempts {
  readonly #parts: Parts;
  readonly #begun: RateLimit;
  /** By the hash of their token. */
  readonly #entries = new Map<string, Entry>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#begun = new RateLimit({ max: parts.attemptsPerMinute, windowMs: perMinuteMs }, parts.clock);
  }

  /**
   * @returns the token of the attempt
   * @throws {BerthError} `rate-limited`, `no-capacity`
   */
  begin({ clientAddress, userAgent, userHost }: Applicant): string {
    const { clock, attemptMs } = this.#parts;
    if (!this.#begun.take(addressKey(clientAddress))) {
      throw new BerthError('rate-limited', 'too many logins were begun from this address; wait a minute');
    }
    if (this.#entries.size >= maxAttempts) {
      throw new BerthError('no-capacity', 'too many logins are under way; try again');
    }
    const token = randomToken();
    const key = hashToken(token);
    this.#entries.set(key, {
      applicant: {
        clientAddress,
        userAgent: printable(userAgent, maxUserAgentLength),
        ...(userHost !== undefined && { userHost: printable(userHost, maxUserHostLength) }),
      },
      expiresAt: new Date(clock.now().getTime() + attemptMs),
      timer: setTimeout(() => this.#drop(key), attemptMs).unref(),
      decided: Promise.withResolvers(),
      decision: { state: 'pending' },
      wrongCodes: 0,
    });
    return token;
  }

  /** @throws {BerthError} `not-found` for one that is unknown, over or expired */
  get(token: string): Attempt {
    const { applicant, decision } = this.#find(token);
    return { ...applicant, state: decision.state };
  }

  /**
   * Waits for the decision; `failed` when it was denied, or none was made in time. Undefined when the signal fires.
   * @throws {BerthError} `not-found`
   */
  async decision(token: string, signal: AbortSignal): Promise<'ok' | 'failed' | undefined> {
    const { decided } = this.#find(token);
    const given = Promise.withResolvers<undefined>();
    const giveUp = (): void => given.resolve(undefined);
    if (signal.aborted) return undefined;
    signal.addEventListener('abort', giveUp);
    try {
      return await Promise.race([decided.promise, given.promise]);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /**
   * Binds the attempt to an account. Approving again tells the code again.
   * @returns the code for the command line: four digits
   * @throws {BerthError} `not-found`, `gone` (denied), `already-exists` (approved for another account)
   */
  approve(token: string, account: Account): string {
    const entry = this.#find(token);
    const { decision } = entry;
    if (decision.state === 'denied') throw new BerthError('gone', 'the login was denied');
    if (decision.state === 'approved') {
      if (decision.accountId === account.id) return decision.code;
      throw new BerthError('already-exists', 'the login was approved by somebody else');
    }
    const code = String(randomInt(10_000)).padStart(4, '0');
    entry.decision = { state: 'approved', accountId: account.id, code };
    entry.decided.resolve('ok');
    return code;
  }

  /**
   * Also takes back an approval, as long as it was not used.
   * @throws {BerthError} `not-found`, `already-exists` (approved for another account)
   */
  deny(token: string, account: Account): void {
    const entry = this.#find(token);
    if (entry.decision.state === 'approved' && entry.decision.accountId !== account.id) {
      throw new BerthError('already-exists', 'the login was approved by somebody else');
    }
    entry.decision = { state: 'denied', accountId: account.id };
    entry.decided.resolve('failed');
  }

  /**
   * Exchanges the code for a session, once.
   * @throws {BerthError} `not-found`; `unauthenticated` for a wrong code, and while it is not approved
   */
  async complete(token: string, code: string): Promise<CreatedSession> {
    const entry = this.#find(token);
    const { decision } = entry;
    if (decision.state !== 'approved') throw new BerthError('unauthenticated', 'the login is not approved');
    const key = hashToken(token);
    if (!isSame(code, decision.code)) {
      entry.wrongCodes += 1;
      if (entry.wrongCodes >= maxWrongCodes) this.#drop(key);
      throw new BerthError('unauthenticated', 'wrong code');
    }
    // Before anything is waited for, so that of two that come at once one is too late.
    this.#drop(key);
    const account = await this.#parts.accounts.byId(decision.accountId);
    if (account === undefined) throw new BerthError('not-found', 'login not found: its user is gone');
    return await this.#parts.sessions.create(account, 'command-line', entry.applicant.userAgent);
  }

  #find(token: string): Entry {
    const entry = this.#entries.get(hashToken(token));
    if (entry === undefined || entry.expiresAt <= this.#parts.clock.now()) {
      throw new BerthError('not-found', 'login not found: it is over, or took too long');
    }
    return entry;
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    clearTimeout(entry?.timer);
    entry?.decided.resolve('failed');
  }
}

function isSame(code: string, expected: string): boolean {
  const [a, b] = [Buffer.from(code), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
