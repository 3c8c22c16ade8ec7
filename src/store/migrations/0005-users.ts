import type { Migration } from './migration.ts';

export const users: Migration = {
  number: 5,
  name: 'users',
  up: connection => connection.exec(definition),
};

const definition = `
  create table users (
    number integer primary key autoincrement,
    account_id text not null unique references accounts (id) on delete cascade,
    name text not null unique,
    role text not null, -- the account of a super_admin has is_admin
    password_hash text not null,
    email text collate nocase unique,
    created_at integer not null
  ) strict;

  create table members (
    organisation_id text not null references accounts (id) on delete cascade,
    account_id text not null references accounts (id) on delete cascade,
    primary key (organisation_id, account_id)
  ) strict, without rowid;
  create index organisations_of_account on members (account_id);

  create table sessions (
    id text primary key,
    account_id text not null references accounts (id) on delete cascade,
    kind text not null,
    user_agent text not null,
    hash text not null unique,
    created_at integer not null,
    expires_at integer not null
  ) strict;
  create index sessions_of_account on sessions (account_id, created_at);
  create index sessions_by_expiry on sessions (expires_at);
`;
