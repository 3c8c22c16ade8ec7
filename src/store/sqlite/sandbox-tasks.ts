import type { SandboxStore, SandboxTask } from '../store.ts';
import type { Database } from './database.ts';
import type { SandboxTaskRow } from './schema.ts';
import { queries } from './statement.ts';

export function sandboxTaskStore(database: Database): Pick<SandboxStore, 'tasks' | 'putTask' | 'deleteTask'> {
  const exists = database.prepare((wanted: { sandboxId: string }) =>
    queries.selectFrom('sandboxes').select('id').where('id', '=', wanted.sandboxId),
  );
  const list = database.prepare(() =>
    queries.selectFrom('sandbox_tasks').selectAll().orderBy('sandbox_id').orderBy('name'),
  );
  const put = database.prepare((row: SandboxTaskRow) =>
    queries
      .insertInto('sandbox_tasks')
      .values({
        sandbox_id: row.sandbox_id,
        name: row.name,
        started_at: row.started_at,
        expires_at: row.expires_at,
      })
      .onConflict(conflict =>
        conflict
          .columns(['sandbox_id', 'name'])
          .doUpdateSet({ started_at: row.started_at, expires_at: row.expires_at }),
      ),
  );
  const remove = database.prepare((wanted: { sandboxId: string; name: string }) =>
    queries
      .deleteFrom('sandbox_tasks')
      .where('sandbox_id', '=', wanted.sandboxId)
      .where('name', '=', wanted.name),
  );

  return {
    tasks: async () => list.all({}).map(toTask),
    putTask: task =>
      database.write('power-cut', () => {
        if (exists.get({ sandboxId: task.sandboxId }) === undefined) return false;
        put.run({
          sandbox_id: task.sandboxId,
          name: task.name,
          started_at: task.startedAt.getTime(),
          expires_at: task.expiresAt.getTime(),
        });
        return true;
      }),
    deleteTask: (sandboxId, name) => database.write('power-cut', () => remove.run({ sandboxId, name }) === 1),
  };
}

function toTask(row: SandboxTaskRow): SandboxTask {
  return {
    sandboxId: row.sandbox_id,
    name: row.name,
    startedAt: new Date(row.started_at),
    expiresAt: new Date(row.expires_at),
  };
}
