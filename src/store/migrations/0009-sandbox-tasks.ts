import type { Migration } from './migration.ts';

export const sandboxTasks: Migration = {
  number: 9,
  name: 'sandbox-tasks',
  up: connection => connection.exec(definition),
};

const definition = `
  create table sandbox_tasks (
    sandbox_id text not null references sandboxes (id) on delete cascade,
    name text not null,
    started_at integer not null,
    expires_at integer not null,
    primary key (sandbox_id, name)
  ) strict, without rowid;
`;
