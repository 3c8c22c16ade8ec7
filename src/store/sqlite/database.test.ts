import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import SqliteConnection from 'better-sqlite3';
import { systemClock } from '../../lib/clock.ts';
import { migrations } from '../migrations/index.ts';
import { accountStore } from './accounts.ts';
import { backendStore } from './backends.ts';
import { Database } from './database.ts';
import { imageRecords } from './images.ts';
import { openSqliteStore, pendingMigrations } from './index.ts';
import { journalStore } from './journal.ts';
import { memberStore } from './members.ts';
import { migrate, pending } from './migrate.ts';
import { serviceStore } from './services.ts';
import { sessionStore } from './sessions.ts';
import { spawnTokenStore } from './spawn-tokens.ts';
import type { Statement } from './statement.ts';
import { tokenStore } from './tokens.ts';
import { belongings, partsOfAccounts, userStore } from './users.ts';

async function newPath(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-sqlite-'));
  t.after(() => rm(directory, { recursive: true }));
  return join(directory, 'berth.db');
}

describe('the database file', () => {
  test('and its companions can be read by their owner only', async t => {
    const path = await newPath(t);
    const store = await openSqliteStore({ path });
    t.after(() => store.close());
    const files = await readdir(join(path, '..'));
    assert.deepEqual(files.toSorted(), [
      'berth.db',
      'berth.db-shm',
      'berth.db-wal',
      'berth.db.lock',
      'berth.db.lock-journal',
    ]);
    for (const file of files) assert.equal((await stat(join(path, '..', file))).mode & 0o777, 0o600);
  });

  test('is for one server at a time', async t => {
    const path = await newPath(t);
    const first = await openSqliteStore({ path });
    await assert.rejects(openSqliteStore({ path }), /another server uses this data folder/);
    await first.close();
    await (await openSqliteStore({ path })).close();
  });

  test('that is no database is refused and left as it is', async t => {
    const path = await newPath(t);
    await writeFile(path, 'not a database, but long enough to be looked at by SQLite as if it were one');
    await assert.rejects(openSqliteStore({ path }), /not a database/);
    assert.match(await readFile(path, 'utf8'), /^not a database/);
  });
});

describe('migrations', () => {
  test('are numbered from one without a gap', () => {
    assert.deepEqual(
      migrations.map(migration => migration.number),
      migrations.map((_, index) => index + 1),
    );
  });

  test('are pending until the database was opened', async t => {
    const path = await newPath(t);
    assert.equal((await pendingMigrations(path)).at(0), '0001-initial');
    const store = await openSqliteStore({ path });
    await store.close();
    assert.deepEqual(await pendingMigrations(path), []);
  });

  test('of a newer Berth make this one refuse the database', async t => {
    const path = await newPath(t);
    await (await openSqliteStore({ path })).close();
    const connection = new SqliteConnection(path);
    connection.exec("insert into migrations values (1000, 'from-the-future', 0)");
    connection.close();

    const refusal = {
      name: 'BerthError',
      code: 'unsupported',
      message: /newer Berth: it has migration 1000/,
    };
    await assert.rejects(openSqliteStore({ path }), refusal);
    await assert.rejects(pendingMigrations(path), refusal);
  });

  test('that fail half way leave nothing of themselves, and the ones before', () => {
    const connection = new SqliteConnection(':memory:');
    const good = { number: 1, name: 'good', up: () => void connection.exec('create table good (id)') };
    const bad = {
      number: 2,
      name: 'bad',
      up: () => void connection.exec('create table half (id); insert into nowhere values (1)'),
    };
    assert.throws(() => migrate(connection, [good, bad], systemClock), /nowhere/);
    assert.deepEqual(pending(connection, [good, bad]), [bad]);
    assert.equal(connection.prepare("select 1 from sqlite_schema where name = 'half'").get(), undefined);
    connection.close();
  });
});

test('every table that belongs to accounts is known to the deletion of a user', async t => {
  const path = await newPath(t);
  await (await openSqliteStore({ path })).close();
  const connection = new SqliteConnection(path, { readonly: true });
  t.after(() => connection.close());
  const referring = connection
    .prepare<[], { name: string }>(
      `select distinct tables.name from sqlite_schema as tables, pragma_foreign_key_list(tables.name) as key
        where tables.type = 'table' and key."table" = 'accounts'`,
    )
    .all();
  const known = [...partsOfAccounts, ...belongings];
  assert.deepEqual(referring.map(({ name }) => name).toSorted(), known.toSorted());
});

describe('the statements', () => {
  test('find their rows by an index, so that a large database stays fast', async t => {
    const path = await newPath(t);
    const database = await Database.open(path, systemClock);
    t.after(() => database.close());
    const statements: string[] = [];
    const original = database.prepare.bind(database);
    t.mock.method(database, 'prepare', (build: Parameters<typeof original>[0]) => {
      const statement: Statement<object, unknown> = original(build);
      statements.push(statement.sql);
      return statement;
    });
    accountStore(database);
    tokenStore(database);
    userStore(database);
    memberStore(database);
    sessionStore(database);
    serviceStore(database);
    backendStore(database, systemClock);
    spawnTokenStore(database);
    journalStore(database);
    imageRecords(database);

    const connection = new SqliteConnection(path, { readonly: true });
    t.after(() => connection.close());
    const scans = statements.flatMap(sql => {
      const values = Array.from(sql.matchAll(/\?/g), () => null);
      const plan = connection.prepare<null[], { detail: string }>(`explain query plan ${sql}`).all(...values);
      return plan.map(step => step.detail).filter(detail => /^SCAN|TEMP B-TREE/.test(detail));
    });
    assert.ok(statements.length > 20);
    assert.deepEqual(scans.toSorted(), [
      'SCAN accounts USING INDEX sqlite_autoindex_accounts_2',
      'SCAN users',
      // When a user is deleted.
      'SCAN workloads',
      'SCAN workloads',
      'SCAN workloads USING INDEX live_workloads',
      // Live backends, the environments and images of a service, and the members of an organisation are few.
      'USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY',
      'USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY',
      'USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY',
      'USE TEMP B-TREE FOR ORDER BY',
      'USE TEMP B-TREE FOR ORDER BY',
      'USE TEMP B-TREE FOR ORDER BY',
      'USE TEMP B-TREE FOR ORDER BY',
      'USE TEMP B-TREE FOR ORDER BY',
    ]);
  });
});
