import type { Database as Connection } from 'better-sqlite3';
import type { Clock } from '../../lib/clock.ts';
import { BerthError } from '../../lib/errors.ts';
import type { Migration } from '../migrations/index.ts';

/**
 * Migrations that have not run on this database, in order.
 * @throws {BerthError} `unsupported` when a newer Berth has changed the database
 */
export function pending(connection: Connection, known: readonly Migration[]): Migration[] {
  const newest = known.at(-1)?.number ?? 0;
  const applied = appliedNumbers(connection);
  const unknown = [...applied].filter(number => number > newest);
  if (unknown.length > 0) {
    throw new BerthError(
      'unsupported',
      `the database ${connection.name} was written by a newer Berth: it has migration ${Math.max(...unknown)}, ` +
        `this Berth knows them up to ${newest}. Start the newer version, or restore a backup made before the upgrade.`,
    );
  }
  return known.filter(migration => !applied.has(migration.number));
}

/**
 * Brings the database to the form of this version, each migration in a transaction of its own.
 * @throws {BerthError} `unsupported` as `pending` does; nothing was changed then
 */
export function migrate(connection: Connection, known: readonly Migration[], clock: Clock): void {
  if (pending(connection, known).length === 0) return;

  connection.exec(
    'create table if not exists migrations (number integer primary key, name text not null, applied_at integer not null) strict',
  );
  const note = connection.prepare<[number, string, number]>(
    'insert into migrations (number, name, applied_at) values (?, ?, ?)',
  );
  // Another process may be opening the same database: whether a migration is due is asked under the write lock.
  const applyNext = connection.transaction(() => {
    const [next] = pending(connection, known);
    if (next === undefined) return false;
    next.up(connection);
    note.run(next.number, next.name, clock.now().getTime());
    return true;
  });
  while (applyNext.immediate());
}

function appliedNumbers(connection: Connection): Set<number> {
  const table = connection.prepare(
    "select 1 from sqlite_schema where type = 'table' and name = 'migrations'",
  );
  if (table.get() === undefined) return new Set();
  return new Set(connection.prepare<[], number>('select number from migrations').pluck().all());
}
