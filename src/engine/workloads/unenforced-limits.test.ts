import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineWorld } from '../testing/world.ts';
import { unenforcedLimits } from './unenforced-limits.ts';

const limits = {
  memoryBytes: 8_000_000,
  cpu: { quotaUs: 150_000, periodUs: 100_000 },
  pids: 9,
  diskBytes: 2_000_000,
  cpuTimeSeconds: 60,
};

test('limits that are enforced, or not asked for, are not told of', () => {
  assert.equal(unenforcedLimits({}, []), undefined);
  assert.equal(unenforcedLimits({ pids: 9 }, ['pids', 'cpu']), undefined);
});

test('all others are named in one sentence', () => {
  assert.equal(
    unenforcedLimits(limits, ['memoryBytes']),
    "this server can't enforce the limit of 1.5 CPUs, 9 processes, 2000000 bytes of disk, 60 s of CPU time",
  );
});

test('a backend has them in its log once, and runs', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn('listens', { limits: { diskBytes: 2_000_000 } });
  await world.reaches(backend.id, 'ready');
  await world.restart();
  assert.deepEqual(world.notes, ["berth: this server can't enforce the limit of 2000000 bytes of disk"]);
  assert.deepEqual((await world.engine.backends.get(backend.id))?.plan.limits, { diskBytes: 2_000_000 });
});
