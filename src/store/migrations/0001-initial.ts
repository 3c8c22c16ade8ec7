import type { Migration } from './migration.ts';

/**
 * Times are integers, milliseconds since 1970. `workloads` has what every kind of workload has; `backends`
 * adds what one kind needs.
 */
export const initial: Migration = {
  number: 1,
  name: 'initial',
  up: connection => connection.exec(definition),
};

const definition = `
  create table accounts (
    id text primary key,
    name text not null unique,
    is_admin integer not null,
    enabled integer not null,
    created_at integer not null
  ) strict;

  create table tokens (
    id text primary key,
    account_id text not null references accounts (id) on delete cascade,
    label text not null,
    public_part text not null,
    hash text not null unique,
    created_at integer not null,
    expires_at integer
  ) strict;
  create index tokens_of_account on tokens (account_id, created_at);

  create table services (
    id text primary key,
    account_id text not null references accounts (id) on delete cascade,
    name text not null,
    program text, -- JSON
    env text not null, -- JSON
    created_at integer not null,
    last_spawned_at integer,
    unique (account_id, name)
  ) strict;

  create table service_environments (
    service_id text not null references services (id) on delete cascade,
    name text not null,
    image_tag text not null,
    created_at integer not null,
    last_spawned_at integer,
    primary key (service_id, name)
  ) strict, without rowid;

  create table workloads (
    id text primary key,
    account_id text not null references accounts (id),
    latest_seq integer not null, -- its last entry in the journal
    ended_at integer
  ) strict;
  create index live_workloads on workloads (account_id) where ended_at is null;
  create index ended_workloads on workloads (ended_at) where ended_at is not null;

  create table backends (
    id text primary key references workloads (id) on delete cascade,
    service_id text not null, -- no reference: a backend outlives its service
    service_name text not null,
    environment_name text not null,
    lock_scope text,
    lock_name text,
    key text not null,
    fencing_token integer not null unique,
    access text not null check (access in ('open', 'token')),
    grace_ms integer not null,
    lifetime_ms integer,
    plan text not null, -- JSON
    created_at integer not null
  ) strict;

  -- A row is a held lock: the primary key makes its holder the only one.
  create table locks (
    scope text not null,
    name text not null,
    workload_id text not null unique references workloads (id) on delete cascade,
    primary key (scope, name)
  ) strict, without rowid;

  create table connection_tokens (
    backend_id text not null references backends (id) on delete cascade,
    hash text not null,
    kind text not null check (kind in ('connection', 'bearer')),
    username text,
    user_data text not null, -- JSON
    secret text not null,
    primary key (backend_id, hash)
  ) strict, without rowid;

  -- autoincrement: a number is not given again after its row was deleted.
  create table journal (
    seq integer primary key autoincrement,
    workload_id text not null references workloads (id) on delete cascade,
    status text not null,
    at integer not null,
    reason text,
    kind text,
    exit_code integer,
    last_status text,
    out_of_memory integer
  ) strict;
  create index journal_of_workload on journal (workload_id, seq);

  create table counters (
    name text primary key,
    value integer not null
  ) strict, without rowid;
`;
