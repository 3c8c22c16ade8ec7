import { BerthError } from '../lib/errors.ts';
import { hashToken } from '../lib/ids.ts';
import { writeSecretFile } from '../lib/secret-file.ts';
import type { Account, Store, Token } from '../store/store.ts';
import { checkFixedToken, newTokenText } from './tokens.ts';

/** The account of the one who runs this server. */
export const adminName = 'admin';

export interface AdminOptions {
  /** A token that the administrator has chosen: 8 to 512 printable characters, one of them a dot. */
  readonly fixedToken?: string;
  /** Where the newest token is written for use on this machine, readable by its owner only. */
  readonly tokenFile: string;
}

interface Parts {
  readonly store: Pick<Store, 'accounts' | 'tokens'>;
  newAccount(): Account;
  newToken(account: Account, text: string, label: string): Token;
  isExpired(token: Token): boolean;
}

/**
 * Makes the administrator's account where there is none, and a token where there is no valid one. As long as
 * there is one, nothing is made: a missing file stays missing, because who took it away may have meant it. A
 * fixed token that is not known is accepted beside those there are, which is the way back in for whoever has
 * lost them all; it stays valid until it is revoked, and comes back if it is still given at the next start.
 *
 * The file is written before the token is valid, so that a crash between the two is put right at the next start.
 */
export async function ensureAdmin({ fixedToken, tokenFile }: AdminOptions, parts: Parts): Promise<Account> {
  if (fixedToken !== undefined) checkFixedToken(fixedToken);
  const { accounts, tokens } = parts.store;
  const account =
    (await accounts.byName(adminName)) ??
    (await accounts.create(parts.newAccount())) ??
    (await accounts.byName(adminName));
  if (!account?.isAdmin) throw new Error(`the account '${adminName}' is not an administrator's`);

  const add = async (text: string, label: string): Promise<void> => {
    await writeSecretFile(tokenFile, `${text}\n`);
    await tokens.create(parts.newToken(account, text, label));
  };

  if (fixedToken !== undefined) {
    const known = await tokens.byHash(hashToken(fixedToken));
    if (known === undefined) {
      await add(fixedToken, 'fixed at start');
      return account;
    }
    if (known.accountId !== account.id) {
      throw new BerthError(
        'invalid',
        "the administrator's token (BERTH_ADMIN_TOKEN): is the token of another account",
      );
    }
  }

  const isOpen = (await tokens.list(account.id)).some(token => !parts.isExpired(token));
  if (!isOpen) await add(newTokenText(), 'made at first start');
  return account;
}
