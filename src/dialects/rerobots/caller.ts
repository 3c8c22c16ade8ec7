import type { Onlooker } from '../../engine/index.ts';
import type { Principal } from '../../identity/index.ts';

/** Who asks, as far as this API needs to know. */
export interface Caller extends Onlooker {
  readonly accountId: string;
  /** Name of their account. */
  readonly name: string;
}

/** An administrator's ordinary token does not make them one about whom no rule is. */
export function callerOf({ account, accounts }: Principal): Caller {
  return { accountId: account.id, name: account.name, accounts, isExempt: false };
}

/** Somebody without a token. */
export const anonymous: Onlooker = { name: undefined, accounts: [], isExempt: false };
