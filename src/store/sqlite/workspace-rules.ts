import type { AccessRule, WorkspaceStore } from '../store.ts';
import type { Database } from './database.ts';
import { freeRuleNumber } from './rule-number.ts';
import { queries } from './statement.ts';
import type { WorkspaceRuleRow } from './workspace-schema.ts';

type Part = Pick<WorkspaceStore, 'accessRules' | 'putAccessRule' | 'deleteAccessRule'>;

export function workspaceRuleStore(database: Database): Part & { readonly list: () => AccessRule[] } {
  const put = ruleWriter(database);
  const rows = database.prepare(() =>
    queries.selectFrom('workspace_rules').selectAll().orderBy('deployment_id').orderBy('number'),
  );
  const remove = ruleRemover(database);

  const list = (): AccessRule[] => rows.all({}).map(toRule);
  return {
    list,
    accessRules: async () => list(),
    putAccessRule: rule => database.write('power-cut', () => put(rule)),
    deleteAccessRule: (deploymentId, number) =>
      database.write('power-cut', () => remove.run({ deploymentId, number }) === 1),
  };
}

/** Writes a rule; for use inside a write. */
export function ruleWriter(database: Database): (rule: Omit<AccessRule, 'number'>) => AccessRule | undefined {
  const about = database.prepare((wanted: { deploymentId: string; subject: string }) =>
    queries
      .selectFrom('workspace_rules')
      .selectAll()
      .where('deployment_id', '=', wanted.deploymentId)
      .where('subject', '=', wanted.subject),
  );
  const numbers = database.prepare((wanted: { deploymentId: string }) =>
    queries
      .selectFrom('workspace_rules')
      .select('number')
      .where('deployment_id', '=', wanted.deploymentId)
      .orderBy('number'),
  );
  const counter = database.prepare((wanted: { deploymentId: string }) =>
    queries.selectFrom('workspace_deployments').select('next_rule').where('id', '=', wanted.deploymentId),
  );
  const count = database.prepare((wanted: { deploymentId: string; next: number }) =>
    queries
      .updateTable('workspace_deployments')
      .set({ next_rule: wanted.next })
      .where('id', '=', wanted.deploymentId),
  );
  const insert = database.prepare((row: WorkspaceRuleRow) =>
    queries.insertInto('workspace_rules').values({
      deployment_id: row.deployment_id,
      number: row.number,
      subject: row.subject,
      allows: row.allows,
      created_at: row.created_at,
    }),
  );
  const remove = ruleRemover(database);

  const nextNumber = (deploymentId: string): number | undefined => {
    const next = counter.get({ deploymentId })?.next_rule;
    if (next === undefined) return undefined;
    const number = freeRuleNumber(next, () => numbers.all({ deploymentId }).map(taken => taken.number));
    if (number === next) count.run({ deploymentId, next: next + 1 });
    return number;
  };

  return rule => {
    const { deploymentId, subject, allows, createdAt } = rule;
    const before = about.get({ deploymentId, subject });
    if (before !== undefined && toRule(before).allows === allows) return toRule(before);
    if (before !== undefined) remove.run({ deploymentId, number: before.number });
    const number = nextNumber(deploymentId);
    if (number === undefined) return undefined;
    insert.run({
      deployment_id: deploymentId,
      number,
      subject,
      allows: Number(allows),
      created_at: createdAt.getTime(),
    });
    return { ...rule, number };
  };
}

function ruleRemover(database: Database) {
  return database.prepare((wanted: { deploymentId: string; number: number }) =>
    queries
      .deleteFrom('workspace_rules')
      .where('deployment_id', '=', wanted.deploymentId)
      .where('number', '=', wanted.number),
  );
}

function toRule(row: WorkspaceRuleRow): AccessRule {
  return {
    deploymentId: row.deployment_id,
    number: row.number,
    subject: row.subject,
    allows: row.allows === 1,
    createdAt: new Date(row.created_at),
  };
}
