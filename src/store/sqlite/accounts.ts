import type { Account, AccountStore } from '../store.ts';
import type { Database } from './database.ts';
import type { AccountRow } from './schema.ts';
import { queries, type Statement } from './statement.ts';

export function accountStore(database: Database): AccountStore {
  const insert = insertAccount(database);
  const byName = database.prepare((wanted: { name: string }) =>
    queries.selectFrom('accounts').selectAll().where('name', '=', wanted.name),
  );
  const byId = database.prepare((wanted: { id: string }) =>
    queries.selectFrom('accounts').selectAll().where('id', '=', wanted.id),
  );
  const list = database.prepare(() => queries.selectFrom('accounts').selectAll().orderBy('name'));

  return {
    create: account =>
      database.write('power-cut', () => (insert.run(toAccountRow(account)) === 1 ? account : undefined)),
    byName: async name => fromRow(byName.get({ name })),
    byId: async id => fromRow(byId.get({ id })),
    list: async () => list.all({}).map(toAccount),
  };
}

/** Changes nothing where the name is taken. */
export function insertAccount(database: Database): Statement<AccountRow, unknown> {
  return database.prepare((row: AccountRow) =>
    queries
      .insertInto('accounts')
      .values({
        id: row.id,
        name: row.name,
        is_admin: row.is_admin,
        enabled: row.enabled,
        created_at: row.created_at,
      })
      .onConflict(conflict => conflict.column('name').doNothing()),
  );
}

export function toAccountRow(account: Account): AccountRow {
  return {
    id: account.id,
    name: account.name,
    is_admin: Number(account.isAdmin),
    enabled: Number(account.enabled),
    created_at: account.createdAt.getTime(),
  };
}

function fromRow(row: AccountRow | undefined): Account | undefined {
  return row && toAccount(row);
}

export function toAccount(row: AccountRow): Account {
  return {
    id: row.id,
    name: row.name,
    isAdmin: row.is_admin === 1,
    enabled: row.enabled === 1,
    createdAt: new Date(row.created_at),
  };
}
