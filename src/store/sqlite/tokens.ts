import { sql } from 'kysely';
import type { Token, TokenStore } from '../store.ts';
import type { Database } from './database.ts';
import type { TokenRow } from './schema.ts';
import { queries } from './statement.ts';

export function tokenStore(database: Database): TokenStore {
  const insert = database.prepare((row: TokenRow) =>
    queries
      .insertInto('tokens')
      .values({
        id: row.id,
        account_id: row.account_id,
        label: row.label,
        public_part: row.public_part,
        hash: row.hash,
        created_at: row.created_at,
        expires_at: row.expires_at,
      })
      .onConflict(conflict => conflict.column('hash').doNothing()),
  );
  const byHash = database.prepare((wanted: { hash: string }) =>
    queries.selectFrom('tokens').selectAll().where('hash', '=', wanted.hash),
  );
  const list = database.prepare((wanted: { accountId: string }) =>
    queries
      .selectFrom('tokens')
      .selectAll()
      .where('account_id', '=', wanted.accountId)
      .orderBy('created_at', 'desc')
      .orderBy(sql`rowid`, 'desc'),
  );
  const revoke = database.prepare((wanted: { accountId: string; id: string }) =>
    queries.deleteFrom('tokens').where('id', '=', wanted.id).where('account_id', '=', wanted.accountId),
  );

  return {
    create: token => database.write('power-cut', () => (insert.run(toRow(token)) === 1 ? token : undefined)),
    async byHash(hash) {
      const row = byHash.get({ hash });
      return row && toToken(row);
    },
    list: async accountId => list.all({ accountId }).map(toToken),
    revoke: (accountId, id) => database.write('power-cut', () => revoke.run({ accountId, id }) === 1),
  };
}

function toRow(token: Token): TokenRow {
  return {
    id: token.id,
    account_id: token.accountId,
    label: token.label,
    public_part: token.publicPart,
    hash: token.hash,
    created_at: token.createdAt.getTime(),
    expires_at: token.expiresAt?.getTime() ?? null,
  };
}

function toToken(row: TokenRow): Token {
  return {
    id: row.id,
    accountId: row.account_id,
    label: row.label,
    publicPart: row.public_part,
    hash: row.hash,
    createdAt: new Date(row.created_at),
    ...(row.expires_at !== null && { expiresAt: new Date(row.expires_at) }),
  };
}
