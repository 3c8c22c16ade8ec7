import { randomUUID } from 'node:crypto';
import type { WorkspaceEvent, WorkspaceStore } from '../store.ts';
import type { Database } from './database.ts';
import { queries } from './statement.ts';
import type { WorkspaceEventRow } from './workspace-schema.ts';

type Part = Pick<WorkspaceStore, 'events' | 'postponeEvent' | 'removeEvent'>;

export function workspaceEventStore(database: Database): Part {
  const list = database.prepare(() => queries.selectFrom('workspace_events').selectAll().orderBy('seq'));
  const postpone = database.prepare((row: { id: string; failures: number; dueAt: number }) =>
    queries
      .updateTable('workspace_events')
      .set({ failures: row.failures, due_at: row.dueAt })
      .where('id', '=', row.id),
  );
  const remove = database.prepare((wanted: { id: string }) =>
    queries.deleteFrom('workspace_events').where('id', '=', wanted.id),
  );

  return {
    events: async () => list.all({}).map(toEvent),
    postponeEvent: (id, failures, dueAt) =>
      database.write('kill', () => void postpone.run({ id, failures, dueAt: dueAt.getTime() })),
    removeEvent: id => database.write('kill', () => void remove.run({ id })),
  };
}

export type NewEvent = Omit<WorkspaceEvent, 'id' | 'seq' | 'failures'>;

/** Queues an event; for use inside a write. */
export function eventWriter(database: Database): (event: NewEvent) => void {
  const insert = database.prepare((row: Omit<WorkspaceEventRow, 'seq'>) =>
    queries.insertInto('workspace_events').values({
      id: row.id,
      subject_id: row.subject_id,
      deployment_id: row.deployment_id,
      account_name: row.account_name,
      kind: row.kind,
      was_reserved: row.was_reserved,
      url: row.url,
      failures: row.failures,
      due_at: row.due_at,
    }),
  );
  return event => {
    insert.run({
      id: randomUUID(),
      subject_id: event.subjectId,
      deployment_id: event.deploymentId ?? null,
      account_name: event.accountName,
      kind: event.kind,
      was_reserved: Number(event.wasReserved),
      url: event.url,
      failures: 0,
      due_at: event.dueAt.getTime(),
    });
  };
}

function toEvent(row: WorkspaceEventRow): WorkspaceEvent {
  return {
    id: row.id,
    seq: row.seq,
    subjectId: row.subject_id,
    ...(row.deployment_id !== null && { deploymentId: row.deployment_id }),
    accountName: row.account_name,
    kind: row.kind,
    wasReserved: row.was_reserved === 1,
    url: row.url,
    failures: row.failures,
    dueAt: new Date(row.due_at),
  };
}
