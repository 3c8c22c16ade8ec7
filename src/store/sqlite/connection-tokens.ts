import type { BackendStore, ConnectionToken } from '../store.ts';
import type { Database } from './database.ts';
import type { ConnectionTokenRow } from './schema.ts';
import { queries } from './statement.ts';

export function connectionTokenStore(
  database: Database,
): Pick<BackendStore, 'addConnectionToken' | 'connectionToken'> {
  const insert = database.prepare((row: ConnectionTokenRow) =>
    queries.insertInto('connection_tokens').values({
      backend_id: row.backend_id,
      hash: row.hash,
      kind: row.kind,
      username: row.username,
      user_data: row.user_data,
      secret: row.secret,
    }),
  );
  const byHash = database.prepare((wanted: { backendId: string; hash: string }) =>
    queries
      .selectFrom('connection_tokens')
      .selectAll()
      .where('backend_id', '=', wanted.backendId)
      .where('hash', '=', wanted.hash),
  );

  return {
    addConnectionToken: token =>
      database.write('power-cut', () => {
        insert.run(toRow(token));
      }),
    async connectionToken(backendId, hash) {
      const row = byHash.get({ backendId, hash });
      return row && toConnectionToken(row);
    },
  };
}

function toRow(token: ConnectionToken): ConnectionTokenRow {
  return {
    backend_id: token.backendId,
    hash: token.hash,
    kind: token.kind,
    username: token.username ?? null,
    user_data: JSON.stringify(token.userData ?? null),
    secret: token.secret,
  };
}

function toConnectionToken(row: ConnectionTokenRow): ConnectionToken {
  return {
    backendId: row.backend_id,
    hash: row.hash,
    kind: row.kind,
    ...(row.username !== null && { username: row.username }),
    userData: JSON.parse(row.user_data) as unknown,
    secret: row.secret,
  };
}
