import { timingSafeEqual } from 'node:crypto';
import { type Clock, systemClock } from '../lib/clock.ts';
import { BerthError } from '../lib/errors.ts';
import { hashToken, randomId } from '../lib/ids.ts';
import type { Account, Store, Token } from '../store/store.ts';
import { checkAccountName } from './account-name.ts';
import { type AdminOptions, adminName, ensureAdmin } from './admin.ts';
import { Principal } from './principal.ts';
import { type CreatedToken, maxTokenLength, newTokenText, publicPartOf } from './tokens.ts';

export interface IdentityOptions {
  readonly store: Pick<Store, 'accounts' | 'tokens'>;
  readonly clock?: Clock;
}

export interface NewTokenOptions {
  /** What its owner calls it, up to 200 characters; may be empty. */
  readonly label: string;
  /** Never, when absent. */
  readonly expiresAt?: Date;
  /** Put in front of the public part, as an API's clients expect it. */
  readonly prefix?: string;
}

const maxLabelLength = 200;

/** Accounts and the tokens that open them. */
export class Identity {
  readonly #store: IdentityOptions['store'];
  readonly #clock: Clock;

  constructor({ store, clock = systemClock }: IdentityOptions) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Undefined for a token that is unknown, revoked or expired. The account of a principal may be disabled. */
  async authenticate(token: string): Promise<Principal | undefined> {
    if (token.length === 0 || token.length > maxTokenLength) return undefined;
    const hash = hashToken(token);
    const found = await this.#store.tokens.byHash(hash);
    if (found === undefined || !isSameHash(found.hash, hash) || this.#isExpired(found)) return undefined;
    const account = await this.#store.accounts.byId(found.accountId);
    return account && new Principal(account, found.id);
  }

  /**
   * @throws {BerthError} `invalid` for a name that breaks the rules, `already-exists` for one that is taken
   */
  async createAccount(name: string): Promise<Account> {
    checkAccountName(name);
    // Also before the first start has made it: it would not be the administrator's.
    const created =
      name === adminName ? undefined : await this.#store.accounts.create(this.#newAccount(name));
    if (created === undefined) throw new BerthError('already-exists', `account '${name}' exists already`);
    return created;
  }

  /**
   * The account of this name, where `principal` may act for it (see `Principal.mayActAs`); undefined where it may
   * not and where there is none.
   */
  async accountFor(principal: Principal, name: string, asAccount?: string): Promise<Account | undefined> {
    if (!principal.mayActAs(name, asAccount)) return undefined;
    return name === principal.account.name ? principal.account : this.#store.accounts.byName(name);
  }

  accountByName(name: string): Promise<Account | undefined> {
    return this.#store.accounts.byName(name);
  }

  accountById(id: string): Promise<Account | undefined> {
    return this.#store.accounts.byId(id);
  }

  /** By name. */
  listAccounts(): Promise<Account[]> {
    return this.#store.accounts.list();
  }

  /** @throws {BerthError} `invalid` for a label, an expiry or a prefix that breaks the rules */
  async createToken(account: Account, options: NewTokenOptions): Promise<CreatedToken> {
    const { label, expiresAt, prefix } = options;
    if (label.length > maxLabelLength) {
      throw new BerthError('invalid', `token label: must have at most ${maxLabelLength} characters`);
    }
    if (expiresAt !== undefined && !(expiresAt > this.#clock.now())) {
      throw new BerthError('invalid', 'token expiry: must be a time in the future');
    }
    const secret = newTokenText(prefix);
    const token = await this.#store.tokens.create(this.#newToken(account, secret, label, expiresAt));
    if (token === undefined) throw new Error('a random token was made twice');
    return { token, secret };
  }

  /** Newest first, expired ones too. */
  listTokens(account: Account): Promise<Token[]> {
    return this.#store.tokens.list(account.id);
  }

  /** In force at once. False when the account has no such token. */
  revokeToken(account: Account, tokenId: string): Promise<boolean> {
    return this.#store.tokens.revoke(account.id, tokenId);
  }

  /**
   * Sees to it that there is an administrator who can get in; see `ensureAdmin`. Called at every start.
   * @throws {BerthError} `invalid` for a fixed token that breaks the rules
   */
  ensureAdmin(options: AdminOptions): Promise<Account> {
    return ensureAdmin(options, {
      store: this.#store,
      newAccount: () => ({ ...this.#newAccount(adminName), isAdmin: true }),
      newToken: (account, text, label) => this.#newToken(account, text, label),
      isExpired: token => this.#isExpired(token),
    });
  }

  #newAccount(name: string): Account {
    return { id: randomId(), name, isAdmin: false, enabled: true, createdAt: this.#clock.now() };
  }

  #newToken(account: Account, text: string, label: string, expiresAt?: Date): Token {
    return {
      id: randomId(),
      accountId: account.id,
      label,
      publicPart: publicPartOf(text),
      hash: hashToken(text),
      createdAt: this.#clock.now(),
      ...(expiresAt !== undefined && { expiresAt }),
    };
  }

  #isExpired(token: Token): boolean {
    return token.expiresAt !== undefined && token.expiresAt <= this.#clock.now();
  }
}

function isSameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
