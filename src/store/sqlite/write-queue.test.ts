import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import SqliteConnection, { type Database as Connection } from 'better-sqlite3';
import { WriteQueue } from './write-queue.ts';

describe('the write queue', () => {
  let connection: Connection;
  let queue: WriteQueue;

  beforeEach(() => {
    connection = new SqliteConnection(':memory:');
    connection.exec('create table numbers (value integer unique)');
    queue = new WriteQueue(connection);
  });

  const add = (value: number) => connection.prepare('insert into numbers values (?)').run(value).changes;
  const values = () => connection.prepare<[], number>('select value from numbers').pluck().all();
  const synchronous = () => connection.pragma('synchronous', { simple: true });

  test('runs writes in the order they came', async () => {
    const order: number[] = [];
    await Promise.all(Array.from({ length: 200 }, (_, i) => queue.add('kill', () => order.push(i))));
    assert.deepEqual(
      order,
      Array.from({ length: 200 }, (_, i) => i),
    );
  });

  test('undoes a write that fails as a whole, and only that one', async () => {
    const results = await Promise.allSettled([
      queue.add('kill', () => add(1)),
      queue.add('kill', () => {
        add(2);
        add(1);
      }),
      queue.add('kill', () => add(3)),
    ]);
    assert.deepEqual(
      results.map(result => result.status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(values(), [1, 3]);
  });

  test('rejects every write of a transaction that the database gave up', async () => {
    const results = await Promise.allSettled([
      queue.add('kill', () => add(1)),
      queue.add('kill', () => connection.exec('insert or rollback into numbers values (1)')),
      queue.add('kill', () => add(3)),
    ]);
    assert.deepEqual(
      results.map(result => result.status),
      ['rejected', 'rejected', 'rejected'],
    );
    assert.deepEqual(values(), []);
    assert.equal(await queue.add('kill', () => add(4)), 1);
  });

  test('rejects a write that could not be committed', async () => {
    connection.pragma('foreign_keys = on');
    connection.exec(`create table parents (id integer primary key);
      create table children (parent integer references parents (id) deferrable initially deferred)`);
    const orphan = queue.add('kill', () => connection.exec('insert into children values (7)'));
    await assert.rejects(orphan, /FOREIGN KEY/);
    assert.equal(connection.inTransaction, false);
    assert.equal(await queue.add('kill', () => add(1)), 1);
  });

  test('waits for the disk where a write of the transaction asks for it', async () => {
    const full = 2;
    const normal = 1;
    assert.equal(await queue.add('kill', synchronous), normal);
    assert.equal(await queue.add('power-cut', synchronous), full);
    assert.equal(await queue.add('kill', synchronous), normal);
    const together = [queue.add('kill', synchronous), queue.add('power-cut', synchronous)];
    assert.deepEqual(await Promise.all(together), [full, full]);
  });

  test('finishes what waits when it is closed, and takes nothing after that', async () => {
    const waiting = Array.from({ length: 100 }, (_, i) => queue.add('kill', () => add(i)));
    await Promise.all([queue.close(), queue.close()]);
    await Promise.all(waiting);
    assert.equal(values().length, 100);
    await assert.rejects(
      queue.add('kill', () => add(1_000)),
      /closed/,
    );
  });
});
