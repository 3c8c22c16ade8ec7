import type { WorkspaceStore } from '../store.ts';
import type { Database } from './database.ts';
import { queries } from './statement.ts';

type Part = Pick<WorkspaceStore, 'addReport' | 'reports'>;

export function workspaceReportStore(database: Database): Part {
  const exists = database.prepare((wanted: { id: string }) =>
    queries.selectFrom('workspace_instances').select('id').where('id', '=', wanted.id),
  );
  const insert = database.prepare((row: { instanceId: string; kind: string; content: string; at: number }) =>
    queries
      .insertInto('workspace_reports')
      .values({ instance_id: row.instanceId, kind: row.kind, content: row.content, at: row.at }),
  );
  const oldestKept = database.prepare((wanted: { instanceId: string; keep: number }) =>
    queries
      .selectFrom('workspace_reports')
      .select('seq')
      .where('instance_id', '=', wanted.instanceId)
      .orderBy('seq', 'desc')
      .limit(1)
      .offset(wanted.keep),
  );
  const removeUpTo = database.prepare((wanted: { instanceId: string; seq: number }) =>
    queries
      .deleteFrom('workspace_reports')
      .where('instance_id', '=', wanted.instanceId)
      .where('seq', '<=', wanted.seq),
  );
  const list = database.prepare((wanted: { instanceId: string }) =>
    queries
      .selectFrom('workspace_reports')
      .selectAll()
      .where('instance_id', '=', wanted.instanceId)
      .orderBy('seq'),
  );

  return {
    addReport: ({ instanceId, kind, content, at }, keep) =>
      database.write('kill', () => {
        if (exists.get({ id: instanceId }) === undefined) return;
        insert.run({ instanceId, kind, content: JSON.stringify(content), at: at.getTime() });
        const surplus = oldestKept.get({ instanceId, keep });
        if (surplus !== undefined) removeUpTo.run({ instanceId, seq: surplus.seq });
      }),
    reports: async instanceId =>
      list.all({ instanceId }).map(({ kind, content, at }) => ({
        instanceId,
        kind,
        content: JSON.parse(content) as unknown,
        at: new Date(at),
      })),
  };
}
