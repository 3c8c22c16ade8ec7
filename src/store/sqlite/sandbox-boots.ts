import type { SandboxBoot, SandboxStore, StatusEntry, WorkloadPlan } from '../store.ts';
import type { Database } from './database.ts';
import { journalRecorder } from './journal.ts';
import { fromJournalRow } from './rows.ts';
import type { JournalRow, SandboxBootRow } from './schema.ts';
import { queries } from './statement.ts';

export interface SandboxBoots extends Pick<SandboxStore, 'boot' | 'liveBoots'> {
  /** For use inside a write. */
  hasLive(sandboxId: string): boolean;
  /** For use inside a write. */
  forgetEnded(sandboxId: string): void;
}

export function sandboxBootStore(database: Database): SandboxBoots {
  const record = journalRecorder(database);
  const owner = database.prepare((wanted: { sandboxId: string }) =>
    queries.selectFrom('sandboxes').select('account_id').where('id', '=', wanted.sandboxId),
  );
  const liveOf = database.prepare((wanted: { sandboxId: string }) =>
    selectLive().where('sandbox_boots.sandbox_id', '=', wanted.sandboxId),
  );
  const live = database.prepare(() => selectLive());
  const endedOf = database.prepare((wanted: { sandboxId: string }) =>
    queries
      .selectFrom('sandbox_boots')
      .innerJoin('workloads', 'workloads.id', 'sandbox_boots.id')
      .select('workloads.id')
      .where('sandbox_boots.sandbox_id', '=', wanted.sandboxId)
      .where('workloads.ended_at', 'is not', null),
  );
  const removeWorkload = database.prepare((wanted: { id: string }) =>
    queries.deleteFrom('workloads').where('id', '=', wanted.id),
  );
  const insertWorkload = database.prepare((row: { id: string; accountId: string }) =>
    queries.insertInto('workloads').values({ id: row.id, account_id: row.accountId, latest_seq: 0 }),
  );
  const insertBoot = database.prepare((row: SandboxBootRow) =>
    queries.insertInto('sandbox_boots').values({
      id: row.id,
      sandbox_id: row.sandbox_id,
      plan: row.plan,
      created_at: row.created_at,
    }),
  );

  const hasLive = (sandboxId: string): boolean => liveOf.get({ sandboxId }) !== undefined;
  const forgetEnded = (sandboxId: string): void => {
    for (const { id } of endedOf.all({ sandboxId })) removeWorkload.run({ id });
  };

  return {
    hasLive,
    forgetEnded,
    boot: ({ id, sandboxId, plan, createdAt }) =>
      database.write('power-cut', () => {
        const found = owner.get({ sandboxId });
        if (found === undefined || hasLive(sandboxId)) return undefined;
        forgetEnded(sandboxId);
        insertWorkload.run({ id, accountId: found.account_id });
        insertBoot.run({
          id,
          sandbox_id: sandboxId,
          plan: JSON.stringify(plan),
          created_at: createdAt.getTime(),
        });
        return record({ workloadId: id, status: 'scheduled', at: createdAt });
      }),
    liveBoots: async () => live.all({}).map(toLiveBoot),
  };
}

function selectLive() {
  return queries
    .selectFrom('sandbox_boots')
    .innerJoin('workloads', 'workloads.id', 'sandbox_boots.id')
    .innerJoin('journal', 'journal.seq', 'workloads.latest_seq')
    .selectAll('journal')
    .selectAll('sandbox_boots')
    .where('workloads.ended_at', 'is', null);
}

function toLiveBoot(row: SandboxBootRow & JournalRow): SandboxBoot & { readonly latest: StatusEntry } {
  return {
    id: row.id,
    sandboxId: row.sandbox_id,
    plan: JSON.parse(row.plan) as WorkloadPlan,
    createdAt: new Date(row.created_at),
    latest: fromJournalRow(row),
  };
}
