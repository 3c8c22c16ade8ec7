import type { Account } from '../store/store.ts';

/** Who a request comes from, by its token. */
export class Principal {
  /** Whose token it is; `enabled` is for the caller to look at. */
  readonly account: Account;
  /** Names of the accounts it may act for without further ado. */
  readonly accounts: readonly string[];
  readonly tokenId: string;

  constructor(account: Account, tokenId: string) {
    this.account = account;
    this.accounts = [account.name];
    this.tokenId = tokenId;
  }

  get isAdmin(): boolean {
    return this.account.isAdmin;
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
