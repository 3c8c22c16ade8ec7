import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PausableTime } from './pausable-time.ts';
import { VirtualTime } from './testing/virtual-time.ts';
import { pass } from './time.ts';

test('an alarm waits for as long as time stood still', async () => {
  const virtual = new VirtualTime();
  const time = new PausableTime(virtual);
  const rung: number[] = [];
  time.after(1_000, () => rung.push(time.elapsedMs()));
  await virtual.pass(400);
  time.pause();
  time.pause();
  time.after(100, () => rung.push(time.elapsedMs()));
  await virtual.pass(5_000);
  assert.equal(time.elapsedMs(), 400);
  assert.deepEqual(rung, []);
  assert.equal(time.resume(), 5_000);
  assert.equal(time.resume(), 0);
  await virtual.pass(10_000);
  assert.deepEqual(rung, [500, 1_000]);
});

test('an alarm that was taken back does not ring, whether time stands or not', async () => {
  const virtual = new VirtualTime();
  const time = new PausableTime(virtual);
  const fail = (): never => assert.fail('it rang');
  time.after(10, fail)();
  const takeBack = time.after(10, fail);
  time.pause();
  takeBack();
  time.after(10, fail)();
  time.resume();
  await virtual.pass(100);
  assert.equal(virtual.alarms, 0);
});

test('a wait ends with its time, or with its signal', async () => {
  const time = new VirtualTime();
  const stop = new AbortController();
  const ended: string[] = [];
  const waits = [
    pass(time, 50, stop.signal).then(() => ended.push('time')),
    pass(time, 500, stop.signal).then(() => ended.push('signal')),
    pass(time, 0, stop.signal).then(() => ended.push('none')),
  ];
  await time.pass(100);
  assert.deepEqual(ended, ['none', 'time']);
  stop.abort();
  await Promise.all(waits);
  assert.equal(time.alarms, 0);
});
