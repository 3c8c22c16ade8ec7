import type { SpawnToken, SpawnTokenStore } from '../store.ts';
import type { Database } from './database.ts';
import type { SpawnTokenRow } from './schema.ts';
import { queries } from './statement.ts';

export function spawnTokenStore(database: Database): SpawnTokenStore {
  const insert = database.prepare((row: SpawnTokenRow) =>
    queries.insertInto('spawn_tokens').values({
      hash: row.hash,
      service_id: row.service_id,
      grace_ms: row.grace_ms,
      image_tag: row.image_tag,
      created_at: row.created_at,
    }),
  );
  const byHash = database.prepare((wanted: { hash: string }) =>
    queries.selectFrom('spawn_tokens').selectAll().where('hash', '=', wanted.hash),
  );
  const count = database.prepare((wanted: { serviceId: string }) =>
    queries
      .selectFrom('spawn_tokens')
      .select(select => select.fn.countAll<number>().as('count'))
      .where('service_id', '=', wanted.serviceId),
  );
  const remove = database.prepare((wanted: { hash: string }) =>
    queries.deleteFrom('spawn_tokens').where('hash', '=', wanted.hash),
  );

  return {
    create: token => database.write('power-cut', () => void insert.run(toRow(token))),
    byHash: async hash => {
      const row = byHash.get({ hash });
      return row && toSpawnToken(row);
    },
    count: async serviceId => count.get({ serviceId })?.count ?? 0,
    revoke: hash => database.write('power-cut', () => remove.run({ hash }) === 1),
  };
}

function toRow(token: SpawnToken): SpawnTokenRow {
  return {
    hash: token.hash,
    service_id: token.serviceId,
    grace_ms: token.graceMs ?? null,
    image_tag: token.imageTag ?? null,
    created_at: token.createdAt.getTime(),
  };
}

function toSpawnToken(row: SpawnTokenRow): SpawnToken {
  return {
    hash: row.hash,
    serviceId: row.service_id,
    ...(row.grace_ms !== null && { graceMs: row.grace_ms }),
    ...(row.image_tag !== null && { imageTag: row.image_tag }),
    createdAt: new Date(row.created_at),
  };
}
