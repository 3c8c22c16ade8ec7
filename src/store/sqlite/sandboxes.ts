import type { ImageReference } from '../../runtime/runtime.ts';
import type { Sandbox, SandboxChange, SandboxSettings, SandboxStore } from '../store.ts';
import type { Database } from './database.ts';
import { sandboxBootStore } from './sandbox-boots.ts';
import { sandboxCheckpointStore } from './sandbox-checkpoints.ts';
import { sandboxServiceStore } from './sandbox-services.ts';
import { sandboxTaskStore } from './sandbox-tasks.ts';
import type { SandboxRow } from './schema.ts';
import { queries } from './statement.ts';

export function sandboxStore(database: Database): SandboxStore {
  const insert = database.prepare((row: SandboxRow) =>
    queries
      .insertInto('sandboxes')
      .values({
        id: row.id,
        account_id: row.account_id,
        name: row.name,
        host: row.host,
        image: row.image,
        settings: row.settings,
        created_at: row.created_at,
        updated_at: row.updated_at,
        last_running_at: row.last_running_at,
        last_warm_at: row.last_warm_at,
        boot_error: row.boot_error,
        checkpoint: row.checkpoint,
        next_checkpoint: row.next_checkpoint,
      })
      .onConflict(conflict => conflict.doNothing()),
  );
  const list = database.prepare(() =>
    queries.selectFrom('sandboxes').selectAll().orderBy('account_id').orderBy('name'),
  );
  const byId = database.prepare((wanted: { id: string }) =>
    queries.selectFrom('sandboxes').selectAll().where('id', '=', wanted.id),
  );
  const update = database.prepare((row: ChangeableRow) =>
    queries
      .updateTable('sandboxes')
      .set({
        settings: row.settings,
        updated_at: row.updated_at,
        last_running_at: row.last_running_at,
        last_warm_at: row.last_warm_at,
        boot_error: row.boot_error,
        checkpoint: row.checkpoint,
      })
      .where('id', '=', row.id),
  );
  const remove = database.prepare((wanted: { id: string }) =>
    queries.deleteFrom('sandboxes').where('id', '=', wanted.id),
  );
  const boots = sandboxBootStore(database);

  return {
    create: sandbox => database.write('power-cut', () => insert.run(toRow(sandbox)) === 1),
    list: async () => list.all({}).map(toSandbox),
    change: (id, change) =>
      database.write('power-cut', () => {
        const before = byId.get({ id });
        if (before === undefined) return undefined;
        const row = changed(before, change);
        update.run(row);
        return toSandbox(row);
      }),
    delete: id =>
      database.write('power-cut', () => {
        if (boots.hasLive(id)) return false;
        boots.forgetEnded(id);
        return remove.run({ id }) === 1;
      }),
    boot: boots.boot,
    liveBoots: boots.liveBoots,
    ...sandboxServiceStore(database),
    ...sandboxCheckpointStore(database),
    ...sandboxTaskStore(database),
  };
}

type ChangeableRow = Pick<
  SandboxRow,
  'id' | 'settings' | 'updated_at' | 'last_running_at' | 'last_warm_at' | 'boot_error' | 'checkpoint'
>;

function changed(row: SandboxRow, change: SandboxChange): SandboxRow {
  return {
    ...row,
    ...(change.settings && { settings: JSON.stringify(change.settings) }),
    ...(change.updatedAt && { updated_at: change.updatedAt.getTime() }),
    ...(change.lastRunningAt && { last_running_at: change.lastRunningAt.getTime() }),
    ...(change.lastWarmAt && { last_warm_at: change.lastWarmAt.getTime() }),
    ...(change.bootError !== undefined && { boot_error: change.bootError }),
    ...(change.checkpoint !== undefined && { checkpoint: change.checkpoint }),
  };
}

function toRow(sandbox: Sandbox): SandboxRow {
  return {
    id: sandbox.id,
    account_id: sandbox.accountId,
    name: sandbox.name,
    host: sandbox.host,
    image: JSON.stringify(sandbox.image),
    settings: JSON.stringify(sandbox.settings),
    created_at: sandbox.createdAt.getTime(),
    updated_at: sandbox.updatedAt.getTime(),
    last_running_at: sandbox.lastRunningAt?.getTime() ?? null,
    last_warm_at: sandbox.lastWarmAt?.getTime() ?? null,
    boot_error: sandbox.bootError ?? null,
    checkpoint: sandbox.checkpoint ?? null,
    next_checkpoint: 1,
  };
}

function toSandbox(row: SandboxRow): Sandbox {
  return {
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    host: row.host,
    image: JSON.parse(row.image) as ImageReference,
    settings: JSON.parse(row.settings) as SandboxSettings,
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
    ...(row.last_running_at !== null && { lastRunningAt: new Date(row.last_running_at) }),
    ...(row.last_warm_at !== null && { lastWarmAt: new Date(row.last_warm_at) }),
    ...(row.boot_error !== null && { bootError: row.boot_error }),
    ...(row.checkpoint !== null && { checkpoint: row.checkpoint }),
  };
}
