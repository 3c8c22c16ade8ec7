import { sql } from 'kysely';
import type { Clock } from '../../lib/clock.ts';
import type { Backend, BackendStore, Lock, NewBackend } from '../store.ts';
import { connectionTokenStore } from './connection-tokens.ts';
import type { Database } from './database.ts';
import { journalRecorder } from './journal.ts';
import { fromBackendRow, toBackendRow } from './rows.ts';
import type { BackendRow } from './schema.ts';
import { queries } from './statement.ts';

export function backendStore(database: Database, clock: Clock): BackendStore {
  const byId = database.prepare((wanted: { id: string }) =>
    selectBackends().where('workloads.id', '=', wanted.id),
  );
  const byLock = database.prepare((lock: Lock) =>
    selectBackends()
      .innerJoin('locks', 'locks.workload_id', 'workloads.id')
      .where('locks.scope', '=', lock.scope)
      .where('locks.name', '=', lock.name),
  );
  const live = database.prepare(() => selectLive());
  const liveOfAccount = database.prepare((wanted: { accountId: string }) =>
    selectLive().where('workloads.account_id', '=', wanted.accountId),
  );
  const endedBefore = database.prepare((wanted: { time: number; limit: number }) =>
    queries
      .selectFrom('workloads')
      .innerJoin('backends', 'backends.id', 'workloads.id')
      .select('workloads.id')
      .where('workloads.ended_at', '<', wanted.time)
      .orderBy('workloads.ended_at')
      .limit(wanted.limit),
  );
  const remove = database.prepare((wanted: { id: string }) =>
    queries.deleteFrom('workloads').where('id', '=', wanted.id),
  );
  const insert = backendInserter(database, clock);

  const holder = (lock: Lock): Backend | undefined => {
    const row = byLock.get(lock);
    return row && fromBackendRow(row);
  };

  return {
    async spawn(backend) {
      const claim = () => {
        const held = backend.lock && holder(backend.lock);
        return held === undefined ? undefined : { spawned: false, backend: held };
      };
      return (
        claim() ?? database.write('power-cut', () => claim() ?? { spawned: true, backend: insert(backend) })
      );
    },
    async get(id) {
      const row = byId.get({ id });
      return row && fromBackendRow(row);
    },
    holder: async lock => holder(lock),
    live: async accountId =>
      (accountId === undefined ? live.all({}) : liveOfAccount.all({ accountId })).map(fromBackendRow),
    deleteEndedBefore: (time, limit) =>
      database.write('kill', () => {
        const ids = endedBefore.all({ time: time.getTime(), limit }).map(row => row.id);
        for (const id of ids) remove.run({ id });
        return ids;
      }),
    ...connectionTokenStore(database),
  };
}

function selectBackends() {
  return queries
    .selectFrom('workloads')
    .innerJoin('backends', 'backends.id', 'workloads.id')
    .innerJoin('journal', 'journal.seq', 'workloads.latest_seq')
    .selectAll('journal')
    .selectAll('backends')
    .select(['workloads.account_id', 'workloads.image_digest']);
}

/** Newest first: fencing tokens rise even while the clock does not. */
function selectLive() {
  // The plus keeps SQLite from walking through all backends, ended ones too, in the order of their tokens.
  return selectBackends()
    .where('workloads.ended_at', 'is', null)
    .orderBy(sql`+backends.fencing_token`, 'desc');
}

/** Writes a backend with its lock, its first status and the time at its service; for use inside a write. */
function backendInserter(database: Database, clock: Clock): (backend: NewBackend) => Backend {
  const record = journalRecorder(database);
  const insertWorkload = database.prepare((row: { id: string; accountId: string }) =>
    queries.insertInto('workloads').values({ id: row.id, account_id: row.accountId, latest_seq: 0 }),
  );
  const insertBackend = database.prepare((row: BackendRow) =>
    queries.insertInto('backends').values({
      id: row.id,
      service_id: row.service_id,
      service_name: row.service_name,
      environment_name: row.environment_name,
      lock_scope: row.lock_scope,
      lock_name: row.lock_name,
      key: row.key,
      fencing_token: row.fencing_token,
      access: row.access,
      grace_ms: row.grace_ms,
      lifetime_ms: row.lifetime_ms,
      plan: row.plan,
      created_at: row.created_at,
    }),
  );
  const takeLock = database.prepare((row: Lock & { workloadId: string }) =>
    queries.insertInto('locks').values({ scope: row.scope, name: row.name, workload_id: row.workloadId }),
  );
  const nextFencingToken = database.prepare((row: { now: number }) =>
    queries
      .insertInto('counters')
      .values({ name: 'fencing-token', value: row.now })
      .onConflict(conflict =>
        conflict.column('name').doUpdateSet({ value: sql`max(excluded.value, counters.value + 1)` }),
      )
      .returning('value'),
  );
  const noteAtService = database.prepare((spawn: { serviceId: string; at: number }) =>
    queries.updateTable('services').set({ last_spawned_at: spawn.at }).where('id', '=', spawn.serviceId),
  );
  const noteAtEnvironment = database.prepare((spawn: { serviceId: string; name: string; at: number }) =>
    queries
      .updateTable('service_environments')
      .set({ last_spawned_at: spawn.at })
      .where('service_id', '=', spawn.serviceId)
      .where('name', '=', spawn.name),
  );

  return backend => {
    const { id, accountId, serviceId, createdAt } = backend;
    insertWorkload.run({ id, accountId });
    if (backend.lock !== undefined) takeLock.run({ ...backend.lock, workloadId: id });

    const fencingToken = nextFencingToken.get({ now: clock.now().getTime() })?.value;
    if (fencingToken === undefined) throw new Error('the counter of fencing tokens gave none');
    insertBackend.run(toBackendRow(backend, fencingToken));

    noteAtService.run({ serviceId, at: createdAt.getTime() });
    noteAtEnvironment.run({ serviceId, name: backend.environmentName, at: createdAt.getTime() });
    const latest = record({ workloadId: id, status: 'scheduled', at: createdAt });
    return { ...backend, fencingToken, latest };
  };
}
