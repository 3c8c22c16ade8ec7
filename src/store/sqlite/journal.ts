import { sql } from 'kysely';
import { canStep } from '../../engine/workloads/status.ts';
import type { JournalStore, NewStatus, StatusEntry } from '../store.ts';
import type { Database } from './database.ts';
import { fromJournalRow, toJournalRow } from './rows.ts';
import type { JournalRow } from './schema.ts';
import { queries } from './statement.ts';

export function journalStore(database: Database): JournalStore {
  const record = journalRecorder(database);
  const latest = database.prepare((wanted: { workloadId: string }) =>
    queries
      .selectFrom('workloads')
      .innerJoin('journal', 'journal.seq', 'workloads.latest_seq')
      .select(['journal.status', 'journal.at'])
      .where('workloads.id', '=', wanted.workloadId),
  );
  const end = database.prepare((ended: { workloadId: string; at: number }) =>
    queries.updateTable('workloads').set({ ended_at: ended.at }).where('id', '=', ended.workloadId),
  );
  const freeLock = database.prepare((ended: { workloadId: string }) =>
    queries.deleteFrom('locks').where('workload_id', '=', ended.workloadId),
  );
  const history = database.prepare((wanted: { workloadId: string; afterSeq: number }) =>
    queries
      .selectFrom('journal')
      .selectAll()
      .where('workload_id', '=', wanted.workloadId)
      .where('seq', '>', wanted.afterSeq)
      .orderBy('seq'),
  );

  const noteImage = database.prepare((noted: { workloadId: string; digest: string }) =>
    queries
      .updateTable('workloads')
      .set({ image_digest: sql<string>`coalesce(image_digest, ${noted.digest})` })
      .where('id', '=', noted.workloadId)
      .returning('image_digest'),
  );

  return {
    noteImage: (workloadId, digest) =>
      database.write('kill', () => noteImage.get({ workloadId, digest })?.image_digest ?? digest),
    append: entry =>
      database.write('kill', () => {
        const before = latest.get({ workloadId: entry.workloadId });
        if (before === undefined || !canStep(before.status, entry.status)) return undefined;

        const at = Math.max(entry.at.getTime(), before.at + 1);
        if (entry.status === 'terminated') {
          end.run({ workloadId: entry.workloadId, at });
          freeLock.run({ workloadId: entry.workloadId });
        }
        return record({ ...entry, at: new Date(at) });
      }),
    history: async (workloadId, afterSeq = 0) => history.all({ workloadId, afterSeq }).map(fromJournalRow),
  };
}

/** Writes an entry as the workload's latest; for use inside a write. */
export function journalRecorder(database: Database): (entry: NewStatus) => StatusEntry {
  const insert = database.prepare((row: Omit<JournalRow, 'seq'>) =>
    queries
      .insertInto('journal')
      .values({
        workload_id: row.workload_id,
        status: row.status,
        at: row.at,
        reason: row.reason,
        kind: row.kind,
        exit_code: row.exit_code,
        last_status: row.last_status,
        out_of_memory: row.out_of_memory,
      })
      .returningAll(),
  );
  const point = database.prepare((latest: { workloadId: string; seq: number }) =>
    queries.updateTable('workloads').set({ latest_seq: latest.seq }).where('id', '=', latest.workloadId),
  );

  return entry => {
    const row = insert.get(toJournalRow(entry));
    if (row === undefined) throw new Error(`the journal took no entry for workload ${entry.workloadId}`);
    point.run({ workloadId: entry.workloadId, seq: row.seq });
    return fromJournalRow(row);
  };
}
