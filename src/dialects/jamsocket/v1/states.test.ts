import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusEntry } from '../../../engine/index.ts';
import { v1Statuses } from './states.ts';

const living = ['scheduled', 'loading', 'starting', 'waiting', 'ready'] as const;

/** A history up to `last`, then the end. */
function history(last: (typeof living)[number], ...ending: Partial<StatusEntry>[]): StatusEntry[] {
  const steps = [...living.slice(0, living.indexOf(last) + 1).map(status => ({ status })), ...ending];
  return steps.map((step, at) => ({
    workloadId: 'w',
    seq: at,
    at: new Date(at),
    status: 'terminated',
    ...step,
  }));
}

function states(...parameters: Parameters<typeof history>): string {
  return v1Statuses(history(...parameters))
    .map(({ state }) => state)
    .join(' ');
}

test('a history in published statuses has no equal neighbours', () => {
  assert.equal(states('ready'), 'Loading Starting Ready');
});

test('while it is ending, the status before stays', () => {
  assert.equal(states('loading', { status: 'terminating' }), 'Loading');
  assert.equal(
    states('ready', { status: 'terminating' }, { status: 'hard-terminating' }),
    'Loading Starting Ready',
  );
});

for (const [lastStatus, end, expected] of [
  ['ready', { reason: 'external' }, 'Terminated'],
  ['scheduled', { reason: 'external' }, 'Terminated'],
  ['ready', { reason: 'internal' }, 'Lost'],
  ['ready', { reason: 'lost' }, 'Lost'],
  ['ready', { reason: 'swept', exitCode: 1 }, 'Swept'],
  ['loading', { reason: 'image-error' }, 'ErrorLoading'],
  ['starting', { reason: 'start-error' }, 'ErrorStarting'],
  ['waiting', { reason: 'start-timeout', exitCode: 137 }, 'TimedOutBeforeReady'],
  ['waiting', { reason: 'exited', exitCode: 0 }, 'ErrorStarting'],
  ['ready', { reason: 'exited', exitCode: 0 }, 'Exited'],
  ['ready', { reason: 'failed', exitCode: 3 }, 'Failed'],
] as const) {
  test(`an end with ${end.reason} after ${lastStatus} is ${expected}`, () => {
    assert.equal(
      states(lastStatus, { ...end, lastStatus })
        .split(' ')
        .at(-1),
      expected,
    );
  });
}

test('the time of a status is that of its first entry', () => {
  assert.deepEqual(
    v1Statuses(history('ready')).map(({ at }) => at.getTime()),
    [0, 2, 4],
  );
});
