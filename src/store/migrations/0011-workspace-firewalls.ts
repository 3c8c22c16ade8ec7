import type { Migration } from './migration.ts';

export const workspaceFirewalls: Migration = {
  number: 11,
  name: 'workspace firewalls',
  up: connection => connection.exec(definition),
};

const definition = `
  create table workspace_firewall_rules (
    seq integer primary key autoincrement,
    instance_id text not null references workspace_instances (id) on delete cascade,
    source text not null, -- a network, such as 10.0.0.0/8
    action text not null check (action in ('accept', 'drop', 'reject'))
  ) strict;
  create index firewall_rules_of_instance on workspace_firewall_rules (instance_id, seq);
`;
