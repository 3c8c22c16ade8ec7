import type { Migration } from './migration.ts';

export const sandboxes: Migration = {
  number: 4,
  name: 'sandboxes',
  up: connection => connection.exec(definition),
};

const definition = `
  create table sandboxes (
    id text primary key,
    account_id text not null references accounts (id) on delete cascade,
    name text not null,
    host text not null unique,
    image text not null, -- JSON
    settings text not null, -- JSON
    created_at integer not null,
    updated_at integer not null,
    last_running_at integer,
    last_warm_at integer,
    boot_error text,
    checkpoint integer,
    next_checkpoint integer not null,
    unique (account_id, name)
  ) strict;

  create table sandbox_boots (
    id text primary key references workloads (id) on delete cascade,
    sandbox_id text not null references sandboxes (id),
    plan text not null, -- JSON
    created_at integer not null
  ) strict;
  create index boots_of_sandbox on sandbox_boots (sandbox_id);

  create table sandbox_services (
    id text primary key,
    sandbox_id text not null references sandboxes (id) on delete cascade,
    name text not null,
    definition text not null, -- JSON
    desired text not null check (desired in ('running', 'stopped')),
    run_id text,
    started_at integer,
    restart_count integer not null,
    error text,
    unique (sandbox_id, name)
  ) strict;

  create table sandbox_checkpoints (
    sandbox_id text not null references sandboxes (id) on delete cascade,
    number integer not null,
    comment text,
    source integer,
    created_at integer not null,
    primary key (sandbox_id, number)
  ) strict, without rowid;
`;
