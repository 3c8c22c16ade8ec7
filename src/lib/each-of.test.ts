import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eachOf } from './each-of.ts';

const { signal } = new AbortController();

test('runs so many tasks at a time, and tells results in order', async () => {
  let running = 0;
  let most = 0;
  const results = await eachOf([30, 1, 20, 2], 2, signal, async ms => {
    running += 1;
    most = Math.max(most, running);
    await delay(ms);
    running -= 1;
    return ms * 2;
  });
  assert.deepEqual(results, [60, 2, 40, 4]);
  assert.equal(most, 2);
});

test('the first failure stops the others, and no more are begun', async () => {
  const begun: number[] = [];
  const running = eachOf([1, 2, 3, 4], 2, signal, async (item, stopped) => {
    begun.push(item);
    if (item === 2) throw new Error('two');
    await new Promise((_, reject) => {
      if (stopped.aborted) reject(stopped.reason as Error);
      stopped.addEventListener('abort', () => reject(stopped.reason as Error));
    });
  });
  await assert.rejects(running, /two/);
  assert.deepEqual(begun, [1, 2]);
});
