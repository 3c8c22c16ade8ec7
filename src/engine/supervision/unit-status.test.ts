import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextStatus, type StatusChange, statusChanges, type UnitStatus } from './unit-status.ts';

const rows: readonly [UnitStatus, StatusChange, UnitStatus][] = [
  ['stopped', 'start', 'starting'],
  ['failed', 'start', 'starting'],
  ['failed', 'stop', 'stopped'],
  ['starting', 'launched', 'running'],
  ['starting', 'start-failed', 'failed'],
  ['starting', 'stop', 'stopped'],
  ['running', 'stop', 'stopping'],
  ['running', 'crashed', 'failed'],
  ['running', 'finished', 'stopped'],
  ['stopping', 'gone', 'stopped'],
];

test('every change leads where the table says', () => {
  for (const [from, change, to] of rows) assert.equal(nextStatus(from, change), to);
});

test('nothing else can happen', () => {
  const statuses = Object.keys(statusChanges) as UnitStatus[];
  const changes = new Set(rows.map(([, change]) => change));
  const others = statuses.flatMap(from =>
    [...changes]
      .filter(change => !rows.some(row => row[0] === from && row[1] === change))
      .map(change => [from, change] as const),
  );
  assert.equal(others.length, statuses.length * changes.size - rows.length);
  for (const [from, change] of others) assert.throws(() => nextStatus(from, change), /can't take the change/);
});
