import type { Clock } from '../lib/clock.ts';
import { BerthError } from '../lib/errors.ts';
import type { Account, Role, Session, Store, User } from '../store/store.ts';
import { checkAccountName } from './account-name.ts';
import { adminName } from './admin.ts';
import { checkEmail } from './email.ts';
import { checkPassword, type Passwords } from './passwords.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Sessions } from './sessions.ts';

export interface NewUser {
  readonly name: string;
  readonly password: string;
  /** `manage` when absent. */
  readonly role?: Role;
  readonly email?: string;
}

/** A user with their account. */
export interface Person {
  readonly user: User;
  readonly account: Account;
}

interface Parts {
  readonly store: Pick<Store, 'accounts' | 'users'>;
  readonly passwords: Passwords;
  /** Failed tries with a password, by name. */
  readonly failures: RateLimit;
  readonly sessions: Sessions;
  readonly clock: Clock;
  newAccount(name: string): Account;
}

/** Who can log in. Each user has an account of their own, of the same name. */
export class Users {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * The administrator's account is there already: a user of its name is given to it, so that the administrator
   * can log in, too.
   * @throws {BerthError} `invalid` for what breaks the rules, `already-exists` for a name or address that is taken
   */
  async create({ name, password, role, email }: NewUser): Promise<Person> {
    const { store, passwords } = this.#parts;
    checkAccountName(name);
    checkPassword(password);
    if (email !== undefined) checkEmail(email);
    const isAdministrator = name === adminName;
    if (isAdministrator && role !== undefined && role !== 'super_admin') throw administratorStays();
    const account = isAdministrator ? await store.accounts.byName(name) : this.#parts.newAccount(name);
    if (account === undefined) throw new Error('the account of the administrator is missing');
    const given = isAdministrator ? 'super_admin' : (role ?? 'manage');
    const owned = { ...account, isAdmin: given === 'super_admin' };
    const user = await store.users.create(
      {
        accountId: account.id,
        name,
        role: given,
        passwordHash: await passwords.hash(password),
        ...(email !== undefined && { email }),
        createdAt: this.#parts.clock.now(),
      },
      owned,
    );
    if (user === 'name-taken')
      throw new BerthError('already-exists', `user or account '${name}' exists already`);
    if (user === 'email-taken') throw emailTaken();
    return { user, account: owned };
  }

  /** In the order in which they were created. */
  async list(): Promise<Person[]> {
    const people = (await this.#parts.store.users.list()).map(user => this.#personOf(user));
    return await Promise.all(people);
  }

  /** @throws {BerthError} `not-found` */
  async get(name: string): Promise<Person> {
    const user = await this.#parts.store.users.byName(name);
    if (user === undefined) throw new BerthError('not-found', 'user not found');
    return await this.#personOf(user);
  }

  /**
   * Another role ends their sessions. Who is not enabled is refused, with whatever they come.
   * @param by whoever asks for it
   * @throws {BerthError} `not-found`; `invalid` for what breaks the rules, and for who would lock themselves out;
   * `already-exists` for an address that is taken
   */
  async change(
    name: string,
    change: { readonly role?: Role; readonly enabled?: boolean; readonly email?: string },
    by: Account,
  ): Promise<Person> {
    const { store, sessions } = this.#parts;
    const { user, account } = await this.get(name);
    const { role, enabled, email } = change;
    const newRole = role !== undefined && role !== user.role;
    if (email !== undefined && email !== '') checkEmail(email);
    if (name === adminName && (newRole || enabled === false)) throw administratorStays();
    if (account.id === by.id && newRole) throw new BerthError('invalid', 'role: you cannot change your own');
    if (account.id === by.id && enabled === false) {
      throw new BerthError('invalid', 'enabled: you cannot disable yourself');
    }
    const done = await store.users.change(account.id, {
      ...(role !== undefined && { role }),
      ...(enabled !== undefined && { enabled }),
      ...(email !== undefined && { email: email === '' ? null : email }),
    });
    if (done === 'email-taken') throw emailTaken();
    if (newRole) await sessions.endOthers(account.id);
    return await this.get(name);
  }

  /**
   * Ends their sessions, but the one in which it is done.
   * @param current the present password, where it has to be known
   * @throws {BerthError} `not-found`, `invalid` (also for a wrong present password), `rate-limited`, `no-capacity`
   */
  async setPassword(
    name: string,
    password: string,
    { current, session }: { readonly current?: string; readonly session?: Session } = {},
  ): Promise<void> {
    const { store, passwords, failures, sessions } = this.#parts;
    checkPassword(password);
    const { user } = await this.get(name);
    if (current !== undefined) {
      if (!failures.take(name)) throw new BerthError('rate-limited', 'too many tries; wait some minutes');
      if (!(await passwords.verify(current, user.passwordHash))) {
        throw new BerthError('invalid', 'current_password: is wrong');
      }
      failures.forget(name);
    }
    await store.users.change(user.accountId, { passwordHash: await passwords.hash(password) });
    await sessions.endOthers(user.accountId, session);
  }

  /**
   * Their tokens and sessions end at once. An account that things belong to stays, disabled; that of the
   * administrator stays as it is.
   * @throws {BerthError} `not-found`; `invalid` for who would delete themselves
   */
  async delete(name: string, by: Account): Promise<void> {
    const { account } = await this.get(name);
    if (account.id === by.id && name !== adminName) {
      throw new BerthError('invalid', 'you cannot delete yourself');
    }
    await this.#parts.store.users.delete(account.id, name === adminName ? 'keep' : 'close');
  }

  async #personOf(user: User): Promise<Person> {
    const account = await this.#parts.store.accounts.byId(user.accountId);
    if (account === undefined) throw new Error(`user ${user.name} has no account`);
    return { user, account };
  }
}

function administratorStays(): BerthError {
  return new BerthError('invalid', `'${adminName}' is the administrator of this server and stays it`);
}

function emailTaken(): BerthError {
  return new BerthError('already-exists', 'email: another user has this address');
}
