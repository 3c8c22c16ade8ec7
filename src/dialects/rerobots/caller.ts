import type { Principal } from '../../identity/index.ts';

/** Who asks, as far as this API needs to know. */
export interface Caller {
  readonly accountId: string;
  /** Name of their account. */
  readonly name: string;
  /** Names of all accounts that they may act for. */
  readonly accounts: readonly string[];
  /** May do everything; an administrator's ordinary token does not make one. */
  readonly isSuper: boolean;
}

export function callerOf({ account, accounts }: Principal): Caller {
  return { accountId: account.id, name: account.name, accounts, isSuper: false };
}
