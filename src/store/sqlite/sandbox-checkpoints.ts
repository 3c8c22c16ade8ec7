import { sql } from 'kysely';
import type { SandboxCheckpoint, SandboxStore } from '../store.ts';
import type { Database } from './database.ts';
import type { SandboxCheckpointRow } from './schema.ts';
import { queries } from './statement.ts';

export function sandboxCheckpointStore(
  database: Database,
): Pick<SandboxStore, 'nextCheckpoint' | 'addCheckpoint' | 'checkpoints' | 'deleteCheckpoint'> {
  const takeNumber = database.prepare((wanted: { sandboxId: string }) =>
    queries
      .updateTable('sandboxes')
      .set({ next_checkpoint: sql`next_checkpoint + 1` })
      .where('id', '=', wanted.sandboxId)
      .returning('next_checkpoint'),
  );
  const insert = database.prepare((row: SandboxCheckpointRow) =>
    queries.insertInto('sandbox_checkpoints').values({
      sandbox_id: row.sandbox_id,
      number: row.number,
      comment: row.comment,
      source: row.source,
      created_at: row.created_at,
    }),
  );
  const list = database.prepare((wanted: { sandboxId: string }) =>
    queries
      .selectFrom('sandbox_checkpoints')
      .selectAll()
      .where('sandbox_id', '=', wanted.sandboxId)
      .orderBy('number', 'desc'),
  );
  const remove = database.prepare((wanted: { sandboxId: string; number: number }) =>
    queries
      .deleteFrom('sandbox_checkpoints')
      .where('sandbox_id', '=', wanted.sandboxId)
      .where('number', '=', wanted.number),
  );

  return {
    nextCheckpoint: sandboxId =>
      database.write('power-cut', () => {
        const taken = takeNumber.get({ sandboxId });
        return taken && taken.next_checkpoint - 1;
      }),
    addCheckpoint: checkpoint => database.write('power-cut', () => void insert.run(toRow(checkpoint))),
    checkpoints: async sandboxId => list.all({ sandboxId }).map(toCheckpoint),
    deleteCheckpoint: (sandboxId, number) =>
      database.write('power-cut', () => remove.run({ sandboxId, number }) === 1),
  };
}

function toRow(checkpoint: SandboxCheckpoint): SandboxCheckpointRow {
  return {
    sandbox_id: checkpoint.sandboxId,
    number: checkpoint.number,
    comment: checkpoint.comment ?? null,
    source: checkpoint.source ?? null,
    created_at: checkpoint.createdAt.getTime(),
  };
}

function toCheckpoint(row: SandboxCheckpointRow): SandboxCheckpoint {
  return {
    sandboxId: row.sandbox_id,
    number: row.number,
    createdAt: new Date(row.created_at),
    ...(row.comment !== null && { comment: row.comment }),
    ...(row.source !== null && { source: row.source }),
  };
}
