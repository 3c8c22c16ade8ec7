import { randomUUID } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { hashToken } from '../lib/ids.ts';
import type { Account, Session, SessionStore } from '../store/store.ts';
import { maxUserAgentLength } from './limits.ts';
import { maxTokenLength, newTokenText } from './tokens.ts';

export interface CreatedSession {
  readonly session: Session;
  /** `<public>.<secret>`. It is not stored: this is the only time it can be read. */
  readonly secret: string;
}

interface Parts {
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly sessionMs: number;
}

/** Who is logged in, where, and until when. */
export class Sessions {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Durable. @param userAgent as the client calls itself */
  async create(
    account: Pick<Account, 'id'>,
    kind: Session['kind'],
    userAgent: string,
  ): Promise<CreatedSession> {
    const { store, clock, sessionMs } = this.#parts;
    const now = clock.now();
    const secret = newTokenText();
    const session: Session = {
      id: randomUUID(),
      accountId: account.id,
      kind,
      userAgent: printable(userAgent, maxUserAgentLength),
      hash: hashToken(secret),
      createdAt: now,
      expiresAt: new Date(now.getTime() + sessionMs),
    };
    await store.deleteExpired(now);
    await store.create(session);
    return { session, secret };
  }

  /** Undefined for a token that is unknown, ended or expired, or counts elsewhere. */
  async find(token: string, kind: Session['kind']): Promise<Session | undefined> {
    if (token.length === 0 || token.length > maxTokenLength) return undefined;
    const found = await this.#parts.store.byHash(hashToken(token));
    return found?.kind === kind && this.#isOpen(found) ? found : undefined;
  }

  async get(id: string): Promise<Session | undefined> {
    const found = await this.#parts.store.byId(id);
    return found && this.#isOpen(found) ? found : undefined;
  }

  /** Newest first. */
  async list(account: Account): Promise<Session[]> {
    return (await this.#parts.store.list(account.id)).filter(session => this.#isOpen(session));
  }

  /** In force at once. False when there is none. */
  end(session: Pick<Session, 'id'>): Promise<boolean> {
    return this.#parts.store.delete(session.id);
  }

  /** Ends all of an account but one. */
  endOthers(accountId: string, except?: Session): Promise<void> {
    return this.#parts.store.deleteOthers(accountId, except?.id);
  }

  #isOpen(session: Session): boolean {
    return session.expiresAt > this.#parts.clock.now();
  }
}

/** What a client says about itself, fit to be shown in one line. */
export function printable(text: string, maxLength: number): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, maxLength);
}
