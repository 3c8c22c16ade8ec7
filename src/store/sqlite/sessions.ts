import { sql } from 'kysely';
import type { Session, SessionStore } from '../store.ts';
import type { Database } from './database.ts';
import type { SessionRow } from './schema.ts';
import { queries } from './statement.ts';

export function sessionStore(database: Database): SessionStore {
  const insert = database.prepare((row: SessionRow) =>
    queries.insertInto('sessions').values({
      id: row.id,
      account_id: row.account_id,
      kind: row.kind,
      user_agent: row.user_agent,
      hash: row.hash,
      created_at: row.created_at,
      expires_at: row.expires_at,
    }),
  );
  const byHash = database.prepare((wanted: { hash: string }) =>
    queries.selectFrom('sessions').selectAll().where('hash', '=', wanted.hash),
  );
  const byId = database.prepare((wanted: { id: string }) =>
    queries.selectFrom('sessions').selectAll().where('id', '=', wanted.id),
  );
  const list = database.prepare((wanted: { accountId: string }) =>
    queries
      .selectFrom('sessions')
      .selectAll()
      .where('account_id', '=', wanted.accountId)
      .orderBy('created_at', 'desc')
      .orderBy(sql`rowid`, 'desc'),
  );
  const remove = database.prepare((wanted: { id: string }) =>
    queries.deleteFrom('sessions').where('id', '=', wanted.id),
  );
  const removeOthers = database.prepare((wanted: { accountId: string; exceptId: string }) =>
    queries
      .deleteFrom('sessions')
      .where('account_id', '=', wanted.accountId)
      .where('id', '!=', wanted.exceptId),
  );
  const removeExpired = database.prepare((wanted: { time: number }) =>
    queries.deleteFrom('sessions').where('expires_at', '<=', wanted.time),
  );

  return {
    create: session => database.write('power-cut', () => void insert.run(toRow(session))),
    async byHash(hash) {
      const row = byHash.get({ hash });
      return row && toSession(row);
    },
    async byId(id) {
      const row = byId.get({ id });
      return row && toSession(row);
    },
    list: async accountId => list.all({ accountId }).map(toSession),
    delete: id => database.write('power-cut', () => remove.run({ id }) === 1),
    deleteOthers: (accountId, exceptId = '') =>
      database.write('power-cut', () => void removeOthers.run({ accountId, exceptId })),
    deleteExpired: time => database.write('kill', () => void removeExpired.run({ time: time.getTime() })),
  };
}

function toRow(session: Session): SessionRow {
  return {
    id: session.id,
    account_id: session.accountId,
    kind: session.kind,
    user_agent: session.userAgent,
    hash: session.hash,
    created_at: session.createdAt.getTime(),
    expires_at: session.expiresAt.getTime(),
  };
}

function toSession(row: SessionRow): Session {
  return {
    id: row.id,
    accountId: row.account_id,
    kind: row.kind,
    userAgent: row.user_agent,
    hash: row.hash,
    createdAt: new Date(row.created_at),
    expiresAt: new Date(row.expires_at),
  };
}
