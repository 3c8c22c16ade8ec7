import type { ImageReference } from '../../runtime/runtime.ts';
import type { NewDeployment, WorkspaceDeployment, WorkspaceStore } from '../store.ts';
import type { Database } from './database.ts';
import { queries } from './statement.ts';
import type { Reservations } from './workspace-reservations.ts';
import { ruleWriter } from './workspace-rules.ts';
import type { WorkspaceDeploymentRow } from './workspace-schema.ts';

type Part = Pick<
  WorkspaceStore,
  | 'addType'
  | 'types'
  | 'createDeployment'
  | 'deployments'
  | 'deployment'
  | 'lockDeployment'
  | 'dissolveDeployment'
>;

export function workspaceDeploymentStore(
  database: Database,
  reservations: Reservations,
): Part & { readonly list: () => WorkspaceDeployment[] } {
  const putRule = ruleWriter(database);
  const insertType = database.prepare((row: { name: string; createdAt: number }) =>
    queries
      .insertInto('workspace_types')
      .values({ name: row.name, created_at: row.createdAt })
      .onConflict(conflict => conflict.doNothing()),
  );
  const types = database.prepare(() => queries.selectFrom('workspace_types').select('name').orderBy('name'));
  const insert = database.prepare((row: WorkspaceDeploymentRow) =>
    queries.insertInto('workspace_deployments').values({
      id: row.id,
      type: row.type,
      type_version: row.type_version,
      kind: row.kind,
      description: row.description,
      region: row.region,
      account_id: row.account_id,
      image: row.image,
      is_hidden: row.is_hidden,
      denies_by_default: row.denies_by_default,
      is_locked: row.is_locked,
      finished_count: row.finished_count,
      failures_in_a_row: row.failures_in_a_row,
      next_rule: row.next_rule,
      created_at: row.created_at,
      dissolved_at: row.dissolved_at,
    }),
  );
  const rows = database.prepare(() =>
    selectDeployments().orderBy('workspace_deployments.created_at').orderBy('workspace_deployments.id'),
  );
  const byId = database.prepare((wanted: { id: string }) =>
    selectDeployments().where('workspace_deployments.id', '=', wanted.id),
  );
  const lock = database.prepare((wanted: { id: string; isLocked: number }) =>
    queries
      .updateTable('workspace_deployments')
      .set({ is_locked: wanted.isLocked })
      .where('id', '=', wanted.id)
      .where('dissolved_at', 'is', null),
  );
  const dissolve = database.prepare((wanted: { id: string; at: number }) =>
    queries
      .updateTable('workspace_deployments')
      .set({ dissolved_at: wanted.at })
      .where('id', '=', wanted.id)
      .where('dissolved_at', 'is', null),
  );

  const list = (): WorkspaceDeployment[] => rows.all({}).map(toDeployment);
  /** Those that nothing else could meet any more. */
  const endReservations = (id: string, at: Date): void => {
    const isPresent = new Map(list().map(other => [other.id, other.dissolvedAt === undefined]));
    for (const reservation of reservations.list()) {
      const { target } = reservation;
      if (
        target.kind === 'type' ||
        !target.ids.includes(id) ||
        target.ids.some(other => isPresent.get(other))
      )
        continue;
      reservations.end(reservation, 'dissolved', at);
    }
  };

  return {
    list,
    addType: (name, createdAt) =>
      database.write('power-cut', () => insertType.run({ name, createdAt: createdAt.getTime() }) === 1),
    types: async () => types.all({}).map(({ name }) => name),
    createDeployment: deployment =>
      database.write('power-cut', () => {
        const { id, type, owner, createdAt } = deployment;
        insertType.run({ name: type, createdAt: createdAt.getTime() });
        insert.run(toRow(deployment));
        putRule({ deploymentId: id, subject: owner.name, allows: true, createdAt });
      }),
    deployments: async () => list(),
    deployment: async id => {
      const row = byId.get({ id });
      return row && toDeployment(row);
    },
    lockDeployment: (id, isLocked) =>
      database.write('power-cut', () => lock.run({ id, isLocked: Number(isLocked) }) === 1),
    dissolveDeployment: (id, at) =>
      database.write('power-cut', () => {
        if (dissolve.run({ id, at: at.getTime() }) === 0) return false;
        endReservations(id, at);
        return true;
      }),
  };
}

function selectDeployments() {
  return queries
    .selectFrom('workspace_deployments')
    .innerJoin('accounts', 'accounts.id', 'workspace_deployments.account_id')
    .selectAll('workspace_deployments')
    .select('accounts.name as owner_name');
}

function toRow(deployment: NewDeployment): WorkspaceDeploymentRow {
  return {
    id: deployment.id,
    type: deployment.type,
    type_version: deployment.typeVersion,
    kind: deployment.kind,
    description: deployment.description,
    region: deployment.region,
    account_id: deployment.owner.id,
    image: deployment.image === undefined ? null : JSON.stringify(deployment.image),
    is_hidden: Number(deployment.isHidden),
    denies_by_default: Number(deployment.deniesByDefault),
    is_locked: 0,
    finished_count: 0,
    failures_in_a_row: 0,
    next_rule: 1,
    created_at: deployment.createdAt.getTime(),
    dissolved_at: null,
  };
}

function toDeployment(row: WorkspaceDeploymentRow & { readonly owner_name: string }): WorkspaceDeployment {
  return {
    id: row.id,
    type: row.type,
    typeVersion: row.type_version,
    kind: row.kind,
    description: row.description,
    region: row.region,
    owner: { id: row.account_id, name: row.owner_name },
    ...(row.image !== null && { image: JSON.parse(row.image) as ImageReference }),
    isHidden: row.is_hidden === 1,
    deniesByDefault: row.denies_by_default === 1,
    isLocked: row.is_locked === 1,
    finishedCount: row.finished_count,
    failuresInARow: row.failures_in_a_row,
    createdAt: new Date(row.created_at),
    ...(row.dissolved_at !== null && { dissolvedAt: new Date(row.dissolved_at) }),
  };
}
