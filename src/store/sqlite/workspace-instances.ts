import { canStepInstance, type InstanceStatus, isOver } from '../../engine/workspaces/instance-status.ts';
import type {
  BegunInstance,
  InstanceOptions,
  StatusEntry,
  StepTerms,
  WorkspaceDeployment,
  WorkspaceInstance,
  WorkspaceStore,
} from '../store.ts';
import type { Database } from './database.ts';
import { journalRecorder } from './journal.ts';
import { fromJournalRow } from './rows.ts';
import { queries } from './statement.ts';
import { eventWriter } from './workspace-events.ts';
import type { WorkspaceInstanceRow } from './workspace-schema.ts';

export type NamedInstanceRow = WorkspaceInstanceRow & { readonly account_name: string };

type Part = Pick<
  WorkspaceStore,
  | 'instance'
  | 'instances'
  | 'liveWorkloads'
  | 'restartWorkload'
  | 'keepPrivateKey'
  | 'stepInstance'
  | 'deleteWorkloadsEndedBefore'
  | 'deleteInstancesEndedBefore'
>;

export function workspaceInstanceStore(database: Database): Part {
  const byId = instanceById(database);
  const all = database.prepare(() =>
    selectInstances().orderBy('started_at', 'desc').orderBy('workspace_instances.id'),
  );
  const ofAccount = database.prepare((wanted: { accountId: string }) =>
    selectInstances()
      .where('workspace_instances.account_id', '=', wanted.accountId)
      .orderBy('started_at', 'desc')
      .orderBy('workspace_instances.id'),
  );
  const live = database.prepare(() =>
    queries
      .selectFrom('workspace_instances')
      .innerJoin('workloads', 'workloads.id', 'workspace_instances.id')
      .innerJoin('journal', 'journal.seq', 'workloads.latest_seq')
      .selectAll('journal')
      .select('workloads.image_digest')
      .where('workloads.ended_at', 'is', null),
  );
  const keepKey = database.prepare((row: { id: string; privateKey: string }) =>
    queries
      .updateTable('workspace_instances')
      .set({ private_key: row.privateKey })
      .where('id', '=', row.id)
      .where('ended_at', 'is', null),
  );
  const endedWorkloads = database.prepare((wanted: { before: number; limit: number }) =>
    queries
      .selectFrom('workloads')
      .innerJoin('workspace_instances', 'workspace_instances.id', 'workloads.id')
      .select('workloads.id')
      .where('workloads.ended_at', '<', wanted.before)
      .orderBy('workloads.ended_at')
      .limit(wanted.limit),
  );
  const removeWorkload = database.prepare((wanted: { id: string }) =>
    queries.deleteFrom('workloads').where('id', '=', wanted.id),
  );
  const ended = database.prepare((wanted: { before: number; limit: number }) =>
    queries
      .selectFrom('workspace_instances')
      .select('id')
      .where('ended_at', '<', wanted.before)
      .orderBy('ended_at')
      .limit(wanted.limit),
  );
  const remove = database.prepare((wanted: { id: string }) =>
    queries.deleteFrom('workspace_instances').where('id', '=', wanted.id),
  );
  const isRunning = database.prepare((wanted: { id: string }) =>
    queries.selectFrom('workloads').select('id').where('id', '=', wanted.id).where('ended_at', 'is', null),
  );
  const step = instanceStepper(database);
  const beginWorkload = workloadBeginner(database);

  return {
    instance: async id => {
      const row = byId.get({ id });
      return row && toInstance(row);
    },
    instances: async accountId =>
      (accountId === undefined ? all.all({}) : ofAccount.all({ accountId })).map(toInstance),
    liveWorkloads: async () =>
      live.all({}).map(row => ({
        id: row.workload_id,
        latest: fromJournalRow(row),
        ...(row.image_digest !== null && { imageDigest: row.image_digest }),
      })),
    restartWorkload: (id, at) =>
      database.write('power-cut', () => {
        const row = byId.get({ id });
        if (row?.status !== 'starting' || isRunning.get({ id }) !== undefined) return undefined;
        removeWorkload.run({ id });
        return beginWorkload(id, row.account_id, at);
      }),
    keepPrivateKey: (id, privateKey) =>
      database.write('power-cut', () => void keepKey.run({ id, privateKey })),
    stepInstance: (id, status, terms) => database.write('power-cut', () => step(id, status, terms)),
    deleteWorkloadsEndedBefore: (time, limit) =>
      database.write('kill', () => {
        const found = endedWorkloads.all({ before: time.getTime(), limit }).map(({ id }) => id);
        for (const id of found) removeWorkload.run({ id });
        return found;
      }),
    deleteInstancesEndedBefore: (time, limit) =>
      database.write('kill', () => {
        const found = ended.all({ before: time.getTime(), limit });
        for (const { id } of found) remove.run({ id });
        return found.length;
      }),
  };
}

/** Writes an instance that begins, with its workload and its event; for use inside a write. */
export function instanceBeginner(
  database: Database,
): (
  instance: Omit<WorkspaceInstance, 'status'>,
  deployment: Pick<WorkspaceDeployment, 'id' | 'kind'>,
) => BegunInstance {
  const beginWorkload = workloadBeginner(database);
  const tell = eventWriter(database);
  const insert = database.prepare((row: WorkspaceInstanceRow) =>
    queries.insertInto('workspace_instances').values({
      id: row.id,
      deployment_id: row.deployment_id,
      account_id: row.account_id,
      status: row.status,
      options: row.options,
      private_key: row.private_key,
      was_reserved: row.was_reserved,
      started_at: row.started_at,
      expires_at: row.expires_at,
      ended_at: row.ended_at,
    }),
  );

  return (begun, { kind }) => {
    const instance: WorkspaceInstance = { ...begun, status: 'starting' };
    const { id, account, startedAt } = instance;
    insert.run({
      id,
      deployment_id: instance.deploymentId,
      account_id: account.id,
      status: instance.status,
      options: JSON.stringify(instance.options),
      private_key: null,
      was_reserved: Number(instance.wasReserved),
      started_at: startedAt.getTime(),
      expires_at: instance.expiresAt?.getTime() ?? null,
      ended_at: null,
    });
    const url = instance.options.eventUrl;
    if (url !== undefined) tell({ ...eventOf(instance), kind: 'starting', url, dueAt: startedAt });
    if (kind === 'device') return { instance };
    return { instance, latest: beginWorkload(id, account.id, startedAt) };
  };
}

/** For use inside a write. */
function workloadBeginner(database: Database): (id: string, accountId: string, at: Date) => StatusEntry {
  const record = journalRecorder(database);
  const insert = database.prepare((row: { id: string; accountId: string }) =>
    queries.insertInto('workloads').values({ id: row.id, account_id: row.accountId, latest_seq: 0 }),
  );
  return (id, accountId, at) => {
    insert.run({ id, accountId });
    return record({ workloadId: id, status: 'scheduled', at });
  };
}

/** For use inside a write. */
function instanceStepper(
  database: Database,
): (id: string, status: InstanceStatus, terms: StepTerms) => WorkspaceInstance | undefined {
  const byId = instanceById(database);
  const tell = eventWriter(database);
  const enter = database.prepare((row: { id: string; status: InstanceStatus }) =>
    queries.updateTable('workspace_instances').set({ status: row.status }).where('id', '=', row.id),
  );
  const end = database.prepare((row: { id: string; status: InstanceStatus; at: number }) =>
    queries
      .updateTable('workspace_instances')
      .set({ status: row.status, ended_at: row.at, private_key: null })
      .where('id', '=', row.id),
  );
  const counts = database.prepare((wanted: { id: string }) =>
    queries
      .selectFrom('workspace_deployments')
      .select(['finished_count', 'failures_in_a_row', 'is_locked'])
      .where('id', '=', wanted.id),
  );
  const count = database.prepare(
    (row: { id: string; finished: number; failures: number; isLocked: number }) =>
      queries
        .updateTable('workspace_deployments')
        .set({ finished_count: row.finished, failures_in_a_row: row.failures, is_locked: row.isLocked })
        .where('id', '=', row.id),
  );

  const countAtDeployment = (id: string, status: InstanceStatus, lockAfterFailures: number): void => {
    const before = counts.get({ id });
    if (before === undefined) return;
    const failures = status === 'failed' ? before.failures_in_a_row + 1 : before.failures_in_a_row;
    const locks = status === 'failed' && lockAfterFailures > 0 && failures >= lockAfterFailures;
    count.run({
      id,
      finished: before.finished_count + (status === 'ended' ? 1 : 0),
      failures: status === 'ready' || locks ? 0 : failures,
      isLocked: locks ? 1 : before.is_locked,
    });
  };

  return (id, status, { at, lockAfterFailures }) => {
    const row = byId.get({ id });
    if (row === undefined || !canStepInstance(row.status, status)) return undefined;
    if (isOver(status)) end.run({ id, status, at: at.getTime() });
    else enter.run({ id, status });
    countAtDeployment(row.deployment_id, status, lockAfterFailures);
    const instance = toInstance(byId.get({ id }) ?? row);
    const url = instance.options.eventUrl;
    if (url !== undefined && status !== 'stopping')
      tell({ ...eventOf(instance), kind: status, url, dueAt: at });
    return instance;
  };
}

function eventOf({ id, deploymentId, account, wasReserved }: WorkspaceInstance) {
  return { subjectId: id, deploymentId, accountName: account.name, wasReserved };
}

function instanceById(database: Database) {
  return database.prepare((wanted: { id: string }) =>
    selectInstances().where('workspace_instances.id', '=', wanted.id),
  );
}

export function selectInstances() {
  return queries
    .selectFrom('workspace_instances')
    .innerJoin('accounts', 'accounts.id', 'workspace_instances.account_id')
    .selectAll('workspace_instances')
    .select('accounts.name as account_name');
}

export function toInstance(row: NamedInstanceRow): WorkspaceInstance {
  return {
    id: row.id,
    deploymentId: row.deployment_id,
    account: { id: row.account_id, name: row.account_name },
    status: row.status,
    options: JSON.parse(row.options) as InstanceOptions,
    ...(row.private_key !== null && { privateKey: row.private_key }),
    wasReserved: row.was_reserved === 1,
    startedAt: new Date(row.started_at),
    ...(row.expires_at !== null && { expiresAt: new Date(row.expires_at) }),
    ...(row.ended_at !== null && { endedAt: new Date(row.ended_at) }),
  };
}
