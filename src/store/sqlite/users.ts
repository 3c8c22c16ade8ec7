import type { Selectable } from 'kysely';
import type { User, UserChange, UserStore } from '../store.ts';
import { insertAccount, toAccountRow } from './accounts.ts';
import type { Database } from './database.ts';
import type { AccountRow, UserRow, UserTable } from './schema.ts';
import { queries } from './statement.ts';

/** Goes with its account. */
export const partsOfAccounts = ['users', 'members', 'sessions', 'tokens', 'workspace_reservations'] as const;
/** Can be owned, and so keeps its account: nothing goes with its owner unasked. */
export const belongings = [
  'services',
  'sandboxes',
  'workloads',
  'workspace_deployments',
  'workspace_instances',
] as const;

export function userStore(database: Database): UserStore {
  const insert = database.prepare((row: UserRow) =>
    queries.insertInto('users').values({
      account_id: row.account_id,
      name: row.name,
      role: row.role,
      password_hash: row.password_hash,
      email: row.email,
      created_at: row.created_at,
    }),
  );
  const update = database.prepare((row: UserRow) =>
    queries
      .updateTable('users')
      .set({ role: row.role, password_hash: row.password_hash, email: row.email })
      .where('account_id', '=', row.account_id),
  );
  const byName = database.prepare((wanted: { name: string }) =>
    queries.selectFrom('users').selectAll().where('name', '=', wanted.name),
  );
  const byEmail = database.prepare((wanted: { email: string }) =>
    queries.selectFrom('users').selectAll().where('email', '=', wanted.email),
  );
  const byAccount = database.prepare((wanted: { accountId: string }) =>
    queries.selectFrom('users').selectAll().where('account_id', '=', wanted.accountId),
  );
  const list = database.prepare(() => queries.selectFrom('users').selectAll().orderBy('number'));
  const remove = database.prepare((wanted: { accountId: string }) =>
    queries.deleteFrom('users').where('account_id', '=', wanted.accountId),
  );
  const accounts = accountStatements(database);

  return {
    create: (user, account) =>
      database.write('power-cut', () => {
        if (byName.get({ name: user.name })) return 'name-taken';
        if (user.email !== undefined && byEmail.get({ email: user.email })) return 'email-taken';
        if (!accounts.ensure(toAccountRow(account))) return 'name-taken';
        insert.run(toRow(user));
        const written = byAccount.get({ accountId: user.accountId });
        if (written === undefined) throw new Error(`user ${user.name} was not written`);
        return toUser(written);
      }),
    byName: async name => fromRow(byName.get({ name })),
    byAccount: async accountId => fromRow(byAccount.get({ accountId })),
    list: async () => list.all({}).map(toUser),
    change: (accountId, change) =>
      database.write('power-cut', () => {
        const before = byAccount.get({ accountId });
        if (before === undefined) return 'not-found';
        const row = changed(before, change);
        const holder = row.email === null ? undefined : byEmail.get({ email: row.email });
        if (holder !== undefined && holder.account_id !== accountId) return 'email-taken';
        update.run(row);
        accounts.change(accountId, row.role === 'super_admin', change.enabled);
        return 'changed';
      }),
    delete: (accountId, account) =>
      database.write('power-cut', () => {
        if (remove.run({ accountId }) === 0) return false;
        accounts.leave(accountId);
        if (account === 'close') accounts.close(accountId);
        return true;
      }),
  };
}

/** What becomes of the account of a user; to be run inside a write. */
function accountStatements(database: Database) {
  const byId = database.prepare((wanted: { id: string }) =>
    queries.selectFrom('accounts').selectAll().where('id', '=', wanted.id),
  );
  const insert = insertAccount(database);
  const update = database.prepare((row: Pick<AccountRow, 'id' | 'is_admin' | 'enabled'>) =>
    queries
      .updateTable('accounts')
      .set({ is_admin: row.is_admin, enabled: row.enabled })
      .where('id', '=', row.id),
  );
  const remove = database.prepare((wanted: { id: string }) =>
    queries.deleteFrom('accounts').where('id', '=', wanted.id),
  );
  const removeFrom = (table: 'sessions' | 'members' | 'tokens' | 'workspace_reservations') =>
    database.prepare((wanted: { id: string }) =>
      queries.deleteFrom(table).where('account_id', '=', wanted.id),
    );
  const [sessions, memberships, tokens, reservations] = [
    removeFrom('sessions'),
    removeFrom('members'),
    removeFrom('tokens'),
    removeFrom('workspace_reservations'),
  ];
  const rulesAbout = database.prepare((wanted: { name: string }) =>
    queries.deleteFrom('workspace_rules').where('subject', '=', wanted.name),
  );
  const owned = belongings.map(table =>
    database.prepare((wanted: { id: string }) =>
      queries.selectFrom(table).select('account_id').where('account_id', '=', wanted.id).limit(1),
    ),
  );

  return {
    /** False when another account has the name. */
    ensure: (row: AccountRow): boolean => byId.get({ id: row.id }) !== undefined || insert.run(row) === 1,
    change(id: string, isAdmin: boolean, enabled?: boolean): void {
      const now = byId.get({ id });
      update.run({ id, is_admin: Number(isAdmin), enabled: Number(enabled ?? now?.enabled === 1) });
    },
    leave(id: string): void {
      sessions.run({ id });
      memberships.run({ id });
    },
    close(id: string): void {
      tokens.run({ id });
      reservations.run({ id });
      if (owned.some(statement => statement.get({ id }) !== undefined)) {
        update.run({ id, is_admin: 0, enabled: 0 });
      } else {
        // Nobody inherits them by being called the same.
        rulesAbout.run({ name: byId.get({ id })?.name ?? '' });
        remove.run({ id });
      }
    },
  };
}

function changed(before: UserRow, { role, passwordHash, email }: UserChange): UserRow {
  return {
    ...before,
    role: role ?? before.role,
    password_hash: passwordHash ?? before.password_hash,
    email: email === undefined ? before.email : email,
  };
}

function toRow(user: Omit<User, 'number'>): UserRow {
  return {
    account_id: user.accountId,
    name: user.name,
    role: user.role,
    password_hash: user.passwordHash,
    email: user.email ?? null,
    created_at: user.createdAt.getTime(),
  };
}

function fromRow(row: Selectable<UserTable> | undefined): User | undefined {
  return row && toUser(row);
}

function toUser(row: Selectable<UserTable>): User {
  return {
    number: row.number,
    accountId: row.account_id,
    name: row.name,
    role: row.role,
    passwordHash: row.password_hash,
    ...(row.email !== null && { email: row.email }),
    createdAt: new Date(row.created_at),
  };
}
