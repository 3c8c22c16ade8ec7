import { BerthError } from '../lib/errors.ts';
import type { Account, Store } from '../store/store.ts';

interface Parts {
  readonly store: Pick<Store, 'accounts' | 'users' | 'members'>;
}

/** An organisation is an account that is no user's own; its members act for it in their sessions. */
export class Organisations {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Does nothing for who is a member already.
   * @throws {BerthError} `not-found`; `invalid` when the account is a user's own
   */
  async addMember(organisation: string, user: string): Promise<void> {
    const { account, member } = await this.#find(organisation, user);
    await this.#parts.store.members.add(account.id, member.accountId);
  }

  /** @throws {BerthError} `not-found`, also for who is no member; `invalid` when the account is a user's own */
  async removeMember(organisation: string, user: string): Promise<void> {
    const { account, member } = await this.#find(organisation, user);
    if (!(await this.#parts.store.members.remove(account.id, member.accountId))) {
      throw new BerthError('not-found', 'member not found');
    }
  }

  /** Names, in order. @throws {BerthError} `not-found` */
  async members(organisation: string): Promise<string[]> {
    const account = await this.#account(organisation);
    return (await this.#parts.store.members.list(account.id)).map(({ name }) => name);
  }

  /** Those that a user may act for, by name. */
  async of(account: Account): Promise<Account[]> {
    const all = await this.#parts.store.members.organisationsOf(account.id);
    return all.filter(({ enabled }) => enabled);
  }

  async #find(organisation: string, user: string) {
    const { users } = this.#parts.store;
    const account = await this.#account(organisation);
    if ((await users.byAccount(account.id)) !== undefined) {
      throw new BerthError('invalid', `'${organisation}' is the account of one user, no organisation`);
    }
    const member = await users.byName(user);
    if (member === undefined) throw new BerthError('not-found', 'user not found');
    return { account, member };
  }

  async #account(name: string): Promise<Account> {
    const account = await this.#parts.store.accounts.byName(name);
    if (account === undefined) throw new BerthError('not-found', 'account not found');
    return account;
  }
}
