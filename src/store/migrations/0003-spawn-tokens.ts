import type { Migration } from './migration.ts';

export const spawnTokens: Migration = {
  number: 3,
  name: 'spawn-tokens',
  up: connection => connection.exec(definition),
};

const definition = `
  create table spawn_tokens (
    hash text primary key,
    service_id text not null references services (id) on delete cascade,
    grace_ms integer,
    image_tag text,
    created_at integer not null
  ) strict, without rowid;
  create index spawn_tokens_of_service on spawn_tokens (service_id);
`;
