import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestQuota } from './request-quota.ts';

function world(maxKeys?: number) {
  let now = Date.parse('2026-05-01T12:00:00.400Z');
  const quota = new RequestQuota(
    { windowSeconds: 60, ...(maxKeys !== undefined && { maxKeys }) },
    { now: () => new Date(now) },
  );
  const pass = (ms: number): void => {
    now += ms;
  };
  return { quota, pass };
}

test('what remains goes down to 0 and stays there, and one request more is refused', () => {
  const { quota } = world();
  const seen = Array.from({ length: 5 }, () => quota.take('a', 3));
  assert.deepEqual(
    seen.map(({ remaining, allowed }) => [remaining, allowed]),
    [
      [2, true],
      [1, true],
      [0, true],
      [0, false],
      [0, false],
    ],
  );
  assert.equal(quota.take('b', 3).remaining, 2);
});

test('a window ends at a whole second, whatever is asked meanwhile; then the next one begins', () => {
  const { quota, pass } = world();
  const ends = new Date('2026-05-01T12:01:00.000Z');
  assert.deepEqual(quota.take('a', 1).resetsAt, ends);
  pass(59_599);
  assert.deepEqual(quota.take('a', 1), { limit: 1, remaining: 0, resetsAt: ends, allowed: false });
  pass(1);
  assert.equal(quota.take('a', 1).allowed, true);
});

test('a flood of keys does not fill the memory; the newest ones count on', () => {
  const { quota } = world(3);
  for (const key of ['a', 'b', 'c', 'd']) quota.take(key, 1);
  assert.equal(quota.take('d', 1).allowed, false);
  assert.equal(quota.take('a', 1).allowed, true);
});
