import type { Migration } from './migration.ts';

export const workspaces: Migration = {
  number: 10,
  name: 'workspaces',
  up: connection => connection.exec(definition),
};

const definition = `
  create table workspace_types (
    name text primary key,
    created_at integer not null
  ) strict, without rowid;

  create table workspace_deployments (
    id text primary key,
    type text not null references workspace_types (name),
    type_version integer not null,
    kind text not null check (kind in ('local', 'device')),
    description text not null,
    region text not null,
    account_id text not null references accounts (id), -- its owner
    image text, -- JSON; of local ones
    is_hidden integer not null,
    denies_by_default integer not null,
    is_locked integer not null,
    finished_count integer not null,
    failures_in_a_row integer not null,
    next_rule integer not null,
    created_at integer not null,
    dissolved_at integer
  ) strict;
  create index deployments_of_account on workspace_deployments (account_id);

  create table workspace_rules (
    deployment_id text not null references workspace_deployments (id) on delete cascade,
    number integer not null,
    subject text not null,
    allows integer not null,
    created_at integer not null,
    primary key (deployment_id, number),
    unique (deployment_id, subject)
  ) strict, without rowid;
  create index workspace_rules_by_subject on workspace_rules (subject);

  create table workspace_instances (
    id text primary key,
    deployment_id text not null references workspace_deployments (id),
    account_id text not null references accounts (id),
    status text not null check (status in ('starting', 'ready', 'stopping', 'ended', 'failed')),
    options text not null, -- JSON
    private_key text,
    was_reserved integer not null,
    started_at integer not null,
    expires_at integer,
    ended_at integer
  ) strict;
  -- A deployment has one active workspace.
  create unique index active_instances on workspace_instances (deployment_id) where ended_at is null;
  create index instances_of_account on workspace_instances (account_id, started_at);
  create index ended_instances on workspace_instances (ended_at) where ended_at is not null;

  -- autoincrement: the order of the queue is that of their creation, whatever clocks say.
  create table workspace_reservations (
    seq integer primary key autoincrement,
    id text not null unique,
    account_id text not null references accounts (id) on delete cascade,
    target text not null, -- JSON
    options text not null, -- JSON
    is_exempt integer not null, -- from rules
    created_at integer not null,
    expires_at integer
  ) strict;
  create index reservations_of_account on workspace_reservations (account_id);
  create index reservations_by_expiry on workspace_reservations (expires_at) where expires_at is not null;

  -- What somebody asked to be told; a row goes when it was delivered, or given up.
  create table workspace_events (
    seq integer primary key autoincrement,
    id text not null unique,
    subject_id text not null, -- an instance, or the reservation that it would have been
    deployment_id text,
    account_name text not null,
    kind text not null,
    was_reserved integer not null,
    url text not null,
    failures integer not null,
    due_at integer not null
  ) strict;

  -- What programs in a workspace have told.
  create table workspace_reports (
    seq integer primary key autoincrement,
    instance_id text not null references workspace_instances (id) on delete cascade,
    kind text not null,
    content text not null, -- JSON
    at integer not null
  ) strict;
  create index reports_of_instance on workspace_reports (instance_id, seq);
`;
