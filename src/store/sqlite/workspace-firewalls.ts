import type { WorkspaceStore } from '../store.ts';
import type { Database } from './database.ts';
import { queries } from './statement.ts';

type Part = Pick<WorkspaceStore, 'firewallRules' | 'addFirewallRule' | 'clearFirewallRules'>;

export function workspaceFirewallStore(database: Database): Part {
  const list = database.prepare((wanted: { instanceId: string }) =>
    queries
      .selectFrom('workspace_firewall_rules')
      .select(['source', 'action'])
      .where('instance_id', '=', wanted.instanceId)
      .orderBy('seq'),
  );
  const insert = database.prepare(
    (row: { instanceId: string; source: string; action: 'accept' | 'drop' | 'reject' }) =>
      queries
        .insertInto('workspace_firewall_rules')
        .values({ instance_id: row.instanceId, source: row.source, action: row.action }),
  );
  const clear = database.prepare((wanted: { instanceId: string }) =>
    queries.deleteFrom('workspace_firewall_rules').where('instance_id', '=', wanted.instanceId),
  );

  return {
    firewallRules: async instanceId => list.all({ instanceId }),
    addFirewallRule: (instanceId, rule, most) =>
      database.write('power-cut', () => {
        if (list.all({ instanceId }).length >= most) return false;
        insert.run({ instanceId, ...rule });
        return true;
      }),
    clearFirewallRules: instanceId => database.write('power-cut', () => void clear.run({ instanceId })),
  };
}
