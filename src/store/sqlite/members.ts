import type { MemberStore } from '../store.ts';
import { toAccount } from './accounts.ts';
import type { Database } from './database.ts';
import type { MemberRow } from './schema.ts';
import { queries } from './statement.ts';

export function memberStore(database: Database): MemberStore {
  const insert = database.prepare((row: MemberRow) =>
    queries
      .insertInto('members')
      .values({ organisation_id: row.organisation_id, account_id: row.account_id })
      .onConflict(conflict => conflict.doNothing()),
  );
  const remove = database.prepare((row: MemberRow) =>
    queries
      .deleteFrom('members')
      .where('organisation_id', '=', row.organisation_id)
      .where('account_id', '=', row.account_id),
  );
  const list = database.prepare((wanted: { organisationId: string }) =>
    queries
      .selectFrom('accounts')
      .innerJoin('members', 'members.account_id', 'accounts.id')
      .selectAll('accounts')
      .where('members.organisation_id', '=', wanted.organisationId)
      .orderBy('accounts.name'),
  );
  const organisationsOf = database.prepare((wanted: { accountId: string }) =>
    queries
      .selectFrom('accounts')
      .innerJoin('members', 'members.organisation_id', 'accounts.id')
      .selectAll('accounts')
      .where('members.account_id', '=', wanted.accountId)
      .orderBy('accounts.name'),
  );

  return {
    add: (organisationId, accountId) =>
      database.write('power-cut', () => insert.run(toRow(organisationId, accountId)) === 1),
    remove: (organisationId, accountId) =>
      database.write('power-cut', () => remove.run(toRow(organisationId, accountId)) === 1),
    list: async organisationId => list.all({ organisationId }).map(toAccount),
    organisationsOf: async accountId => organisationsOf.all({ accountId }).map(toAccount),
  };
}

function toRow(organisationId: string, accountId: string): MemberRow {
  return { organisation_id: organisationId, account_id: accountId };
}
