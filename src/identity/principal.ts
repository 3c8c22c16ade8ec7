import type { Account, Role, Session, User } from '../store/store.ts';

/** What a request has shown. */
export interface Credential {
  readonly tokenId?: string;
  readonly session?: Session;
}

/** Who a request comes from, by its token or session. */
export class Principal {
  /** Whose it is; `enabled` is for the caller to look at. */
  readonly account: Account;
  /** Names of the accounts it may act for without further ado: the own one, then organisations by name. */
  readonly accounts: readonly string[];
  readonly tokenId: string | undefined;
  readonly session: Session | undefined;
  /** Absent for an account that nobody logs in to. */
  readonly user: User | undefined;

  constructor(
    account: Account,
    { tokenId, session }: Credential,
    {
      user,
      organisations = [],
    }: { readonly user?: User | undefined; readonly organisations?: readonly Account[] } = {},
  ) {
    this.account = account;
    this.accounts = [account.name, ...organisations.map(({ name }) => name)];
    this.tokenId = tokenId;
    this.session = session;
    this.user = user;
  }

  get isAdmin(): boolean {
    return this.account.isAdmin;
  }

  /** At this moment, also of tokens that were made when it was another one. */
  get role(): Role {
    return this.isAdmin ? 'super_admin' : (this.user?.role ?? 'manage');
  }

  /**
   * An administrator may act for any account, but must name it in so many words: `asAccount` is what the
   * request says (in a header, for example), and counts for administrators only.
   */
  mayActAs(accountName: string, asAccount?: string): boolean {
    if (!this.account.enabled) return false;
    return this.accounts.includes(accountName) || (this.isAdmin && asAccount === accountName);
  }
}
