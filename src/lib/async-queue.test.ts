import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AsyncQueue } from './async-queue.ts';

test('a queue gives what was pushed before and during the reading, in order', async () => {
  const queue = new AsyncQueue<number>();
  queue.push(1);
  queue.push(2);
  const reader = queue[Symbol.asyncIterator]();
  assert.deepEqual(await reader.next(), { done: false, value: 1 });
  assert.deepEqual(await reader.next(), { done: false, value: 2 });
  const third = reader.next();
  queue.push(3);
  assert.deepEqual(await third, { done: false, value: 3 });
});

test('a queue that was ended gives the rest first', async () => {
  const queue = new AsyncQueue<number>();
  queue.push(1);
  queue.end();
  queue.push(2);
  assert.deepEqual(await Array.fromAsync(queue), [1]);
});

test('an aborted queue ends a reader that waits, and drops the rest', async () => {
  const waiting = new AsyncQueue<number>();
  const result = Array.fromAsync(waiting);
  waiting.abort();
  assert.deepEqual(await result, []);

  const full = new AsyncQueue<number>();
  full.push(1);
  full.abort();
  assert.deepEqual(await Array.fromAsync(full), []);
});
