import { timingSafeEqual } from 'node:crypto';
import { type Clock, systemClock } from '../lib/clock.ts';
import { BerthError } from '../lib/errors.ts';
import { hashToken, randomId } from '../lib/ids.ts';
import type { Account, Session, Store, Token } from '../store/store.ts';
import { checkAccountName } from './account-name.ts';
import { type AdminOptions, adminName, ensureAdmin } from './admin.ts';
import { defaultLoginLimits, failuresPerName, type LoginLimits, type PasswordCost } from './limits.ts';
import { LoginAttempts } from './login-attempts.ts';
import { Organisations } from './organisations.ts';
import { PasswordLogin } from './password-login.ts';
import { Passwords } from './passwords.ts';
import { Principal } from './principal.ts';
import { RateLimit } from './rate-limit.ts';
import { Sessions } from './sessions.ts';
import { type CreatedToken, maxTokenLength, newTokenText, publicPartOf } from './tokens.ts';
import { Users } from './users.ts';

export interface IdentityOptions {
  readonly store: Pick<Store, 'accounts' | 'tokens' | 'users' | 'members' | 'sessions'>;
  readonly clock?: Clock;
  readonly limits?: Partial<LoginLimits>;
  readonly passwordCost?: PasswordCost;
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

/** Accounts, the tokens that open them, and the people who log in to them. */
export class Identity {
  readonly #store: IdentityOptions['store'];
  readonly #clock: Clock;
  readonly users: Users;
  readonly organisations: Organisations;
  readonly sessions: Sessions;
  readonly passwordLogin: PasswordLogin;
  /** Logins of command lines. */
  readonly loginAttempts: LoginAttempts;

  constructor({ store, clock = systemClock, limits, passwordCost }: IdentityOptions) {
    this.#store = store;
    this.#clock = clock;
    const { sessionMs, attemptMs, attemptsPerMinute, triesPerMinute } = { ...defaultLoginLimits, ...limits };
    const passwords = new Passwords(passwordCost);
    const sessions = new Sessions({ store: store.sessions, clock, sessionMs });
    this.sessions = sessions;
    const failures = new RateLimit(failuresPerName, clock);
    const newAccount = (name: string): Account => this.#newAccount(name);
    this.users = new Users({ store, passwords, failures, sessions, clock, newAccount });
    this.organisations = new Organisations({ store });
    this.passwordLogin = new PasswordLogin({ store, passwords, failures, sessions, clock, triesPerMinute });
    const { accounts } = store;
    this.loginAttempts = new LoginAttempts({ accounts, sessions, clock, attemptMs, attemptsPerMinute });
  }

  /**
   * Whose token this is: one of an account, or of the session of a command line. Undefined for a token that is
   * unknown, revoked or expired. The account of a principal may be disabled.
   */
  async authenticate(token: string): Promise<Principal | undefined> {
    if (token.length === 0 || token.length > maxTokenLength) return undefined;
    const hash = hashToken(token);
    const found = await this.#store.tokens.byHash(hash);
    if (found === undefined) return await this.#ofSession(token, 'command-line');
    if (!isSameHash(found.hash, hash) || this.#isExpired(found)) return undefined;
    const account = await this.#store.accounts.byId(found.accountId);
    const user = account && (await this.#store.users.byAccount(account.id));
    return account && new Principal(account, { tokenId: found.id }, { user });
  }

  /** Whose session a browser has, by the token in its cookie; as {@link authenticate} otherwise. */
  authenticateBrowser(token: string): Promise<Principal | undefined> {
    return this.#ofSession(token, 'browser');
  }

  async #ofSession(token: string, kind: Session['kind']): Promise<Principal | undefined> {
    const session = await this.sessions.find(token, kind);
    if (session === undefined) return undefined;
    const account = await this.#store.accounts.byId(session.accountId);
    if (account === undefined) return undefined;
    const [user, organisations] = await Promise.all([
      this.#store.users.byAccount(account.id),
      this.organisations.of(account),
    ]);
    return new Principal(account, { session }, { user, organisations });
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
