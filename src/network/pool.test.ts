import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Pool } from './pool.ts';

function numbers(size: number, make?: (count: number) => Promise<void>) {
  let next = 0;
  const batches: number[] = [];
  const discarded: number[] = [];
  const pool = new Pool<number>({
    size,
    make: async count => {
      batches.push(count);
      await make?.(count);
      return Array.from({ length: count }, () => next++);
    },
    discard: async items => {
      discarded.push(...items);
    },
  });
  return { pool, batches, discarded };
}

test('a pool makes as many as it is to keep ready', async () => {
  const { pool, batches, discarded } = numbers(4);
  pool.fill();
  await turn();
  assert.deepEqual(batches, [4]);
  await pool.close();
  assert.deepEqual(discarded, [0, 1, 2, 3]);
});

test('who comes when none is ready waits; nobody gets what another has', async () => {
  const { pool } = numbers(2);
  const taken = await Promise.all(Array.from({ length: 50 }, () => pool.take()));
  assert.equal(new Set(taken).size, 50);
  await pool.close();
});

test('a failure is told to those who wait, and the next one tries again', async () => {
  let broken = true;
  const { pool } = numbers(0, async () => {
    if (broken) throw new Error('no more');
  });
  await assert.rejects(pool.take(), /no more/);
  broken = false;
  assert.equal(await pool.take(), 0);
  await pool.close();
});

test('a closed pool gives nothing away and discards what was being made', async () => {
  const gate = Promise.withResolvers<void>();
  const { pool, discarded } = numbers(2, () => gate.promise);
  pool.fill();
  const closed = pool.close();
  gate.resolve();
  await closed;
  assert.deepEqual(discarded, [0, 1]);
  await assert.rejects(pool.take(), /closed/);
});
