import type { SandboxService, SandboxServiceDefinition, SandboxStore } from '../store.ts';
import type { Database } from './database.ts';
import type { SandboxServiceRow } from './schema.ts';
import { queries } from './statement.ts';

export function sandboxServiceStore(
  database: Database,
): Pick<SandboxStore, 'services' | 'putService' | 'deleteService' | 'serviceIds'> {
  const exists = database.prepare((wanted: { sandboxId: string }) =>
    queries.selectFrom('sandboxes').select('id').where('id', '=', wanted.sandboxId),
  );
  const list = database.prepare((wanted: { sandboxId: string }) =>
    queries
      .selectFrom('sandbox_services')
      .selectAll()
      .where('sandbox_id', '=', wanted.sandboxId)
      .orderBy('name'),
  );
  const ids = database.prepare(() => queries.selectFrom('sandbox_services').select('id'));
  const put = database.prepare((row: SandboxServiceRow) =>
    queries
      .insertInto('sandbox_services')
      .values({
        id: row.id,
        sandbox_id: row.sandbox_id,
        name: row.name,
        definition: row.definition,
        desired: row.desired,
        run_id: row.run_id,
        started_at: row.started_at,
        restart_count: row.restart_count,
        error: row.error,
        exit_code: row.exit_code,
        is_outdated: row.is_outdated,
      })
      .onConflict(conflict =>
        conflict.column('id').doUpdateSet({
          definition: row.definition,
          desired: row.desired,
          run_id: row.run_id,
          started_at: row.started_at,
          restart_count: row.restart_count,
          error: row.error,
          exit_code: row.exit_code,
          is_outdated: row.is_outdated,
        }),
      ),
  );
  const remove = database.prepare((wanted: { id: string }) =>
    queries.deleteFrom('sandbox_services').where('id', '=', wanted.id),
  );

  return {
    services: async sandboxId => list.all({ sandboxId }).map(toService),
    putService: service =>
      database.write('power-cut', () => {
        if (exists.get({ sandboxId: service.sandboxId }) === undefined) return false;
        put.run(toRow(service));
        return true;
      }),
    deleteService: id => database.write('power-cut', () => remove.run({ id }) === 1),
    serviceIds: async () => ids.all({}).map(({ id }) => id),
  };
}

function toRow({ id, sandboxId, name, definition, desired, progress }: SandboxService): SandboxServiceRow {
  return {
    id,
    sandbox_id: sandboxId,
    name,
    definition: JSON.stringify(definition),
    desired,
    run_id: progress.runId ?? null,
    started_at: progress.startedAt?.getTime() ?? null,
    restart_count: progress.restartCount,
    error: progress.error ?? null,
    exit_code: progress.exitCode ?? null,
    is_outdated: progress.isOutdated ? 1 : 0,
  };
}

function toService(row: SandboxServiceRow): SandboxService {
  return {
    id: row.id,
    sandboxId: row.sandbox_id,
    name: row.name,
    definition: JSON.parse(row.definition) as SandboxServiceDefinition,
    desired: row.desired,
    progress: {
      restartCount: row.restart_count,
      ...(row.run_id !== null && { runId: row.run_id }),
      ...(row.started_at !== null && { startedAt: new Date(row.started_at) }),
      ...(row.error !== null && { error: row.error }),
      ...(row.exit_code !== null && { exitCode: row.exit_code }),
      ...(row.is_outdated === 1 && { isOutdated: true }),
    },
  };
}
