import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { IdleSweep } from './idle-sweep.ts';

function idleSweep(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const swept: string[] = [];
  const sweep = new IdleSweep({ defaultGraceMs: 300_000, sweep: id => swept.push(id) });
  t.after(() => sweep.close());
  return { sweep, swept, pass: (ms: number) => t.mock.timers.tick(ms) };
}

test('the clock runs from the moment the backend is watched', t => {
  const { sweep, swept, pass } = idleSweep(t);
  sweep.watch('a', 2_000);
  pass(1_999);
  assert.deepEqual(swept, []);
  pass(1);
  assert.deepEqual(swept, ['a']);
});

test('the clock stands still while a connection is open, and starts anew when the last one closes', t => {
  const { sweep, swept, pass } = idleSweep(t);
  sweep.watch('a', 2_000);
  pass(1_500);
  sweep.connectionsChanged('a', 2);
  sweep.connectionsChanged('a', 1);
  pass(60_000);
  sweep.connectionsChanged('a', 0);
  pass(1_999);
  assert.deepEqual(swept, []);
  pass(1);
  assert.deepEqual(swept, ['a']);
});

test('connections that were held before it was ready count', t => {
  const { sweep, swept, pass } = idleSweep(t);
  sweep.connectionsChanged('a', 1);
  sweep.watch('a', 2_000);
  pass(10_000);
  assert.deepEqual(swept, []);
  sweep.connectionsChanged('a', 0);
  pass(2_000);
  assert.deepEqual(swept, ['a']);
});

test('grace 0 sweeps when the last connection closes', t => {
  const { sweep, swept, pass } = idleSweep(t);
  sweep.watch('a', 0);
  sweep.connectionsChanged('a', 1);
  sweep.connectionsChanged('a', 0);
  pass(1);
  assert.deepEqual(swept, ['a']);
});

test('grace 0 gives a backend that nobody ever connected to the default time', t => {
  const { sweep, swept, pass } = idleSweep(t);
  sweep.watch('a', 0);
  pass(299_999);
  assert.deepEqual(swept, []);
  pass(1);
  assert.deepEqual(swept, ['a']);
});

test('a lifetime ends it with a connection open', t => {
  const { sweep, swept, pass } = idleSweep(t);
  sweep.watch('a', 2_000, Date.now() + 5_000);
  sweep.connectionsChanged('a', 1);
  pass(5_000);
  assert.deepEqual(swept, ['a']);
});

test('times that are longer than a timer can be are kept', t => {
  const { sweep, swept, pass } = idleSweep(t);
  const yearMs = 31_536_000_000;
  sweep.watch('a', yearMs);
  pass(2 ** 31);
  assert.deepEqual(swept, []);
  for (let passedMs = 2 ** 31; passedMs < yearMs; passedMs += 2 ** 30) pass(2 ** 30);
  assert.deepEqual(swept, ['a']);
});

test('what is forgotten is not swept, and nothing is kept of it', t => {
  const { sweep, swept, pass } = idleSweep(t);
  sweep.watch('a', 10);
  sweep.forget('a');
  pass(1_000);
  assert.deepEqual(swept, []);
  assert.equal(sweep.size, 0);
});
