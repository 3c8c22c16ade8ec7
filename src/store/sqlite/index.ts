import { stat } from 'node:fs/promises';
import SqliteConnection from 'better-sqlite3';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { migrations } from '../migrations/index.ts';
import type { Store } from '../store.ts';
import { accountStore } from './accounts.ts';
import { backendStore } from './backends.ts';
import { Database } from './database.ts';
import { imageRecords } from './images.ts';
import { journalStore } from './journal.ts';
import { memberStore } from './members.ts';
import { pending } from './migrate.ts';
import { sandboxStore } from './sandboxes.ts';
import { serviceStore } from './services.ts';
import { sessionStore } from './sessions.ts';
import { spawnTokenStore } from './spawn-tokens.ts';
import { queries } from './statement.ts';
import { tokenStore } from './tokens.ts';
import { userStore } from './users.ts';
import { workspaceStore } from './workspaces.ts';

export interface SqliteStoreOptions {
  /** The database file; it and its folder are made where they are missing. */
  readonly path: string;
  readonly clock?: Clock;
}

/**
 * Opens the store and brings its database up to date.
 * @throws {BerthError} `unsupported` when a newer Berth has written it
 */
export async function openSqliteStore({ path, clock = systemClock }: SqliteStoreOptions): Promise<Store> {
  const database = await Database.open(path, clock);
  const notePing = database.prepare((ping: { at: number }) =>
    queries
      .insertInto('counters')
      .values({ name: 'ping', value: ping.at })
      .onConflict(conflict => conflict.column('name').doUpdateSet({ value: ping.at })),
  );
  return {
    accounts: accountStore(database),
    tokens: tokenStore(database),
    users: userStore(database),
    members: memberStore(database),
    sessions: sessionStore(database),
    services: serviceStore(database),
    spawnTokens: spawnTokenStore(database),
    backends: backendStore(database, clock),
    sandboxes: sandboxStore(database),
    workspaces: workspaceStore(database),
    journal: journalStore(database),
    images: imageRecords(database),
    ping: () => database.write('kill', () => void notePing.run({ at: clock.now().getTime() })),
    close: () => database.close(),
  };
}

/**
 * Names of the migrations that opening this database would run, in order; it is only read.
 * @throws {BerthError} `unsupported` when a newer Berth has written it
 */
export async function pendingMigrations(path: string): Promise<string[]> {
  const size = await stat(path).then(
    file => file.size,
    () => 0,
  );
  if (size === 0) return migrations.map(name);
  const connection = new SqliteConnection(path, { readonly: true });
  try {
    return pending(connection, migrations).map(name);
  } finally {
    connection.close();
  }
}

function name(migration: { readonly number: number; readonly name: string }): string {
  return `${String(migration.number).padStart(4, '0')}-${migration.name}`;
}
