import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineWorld } from '../testing/world.ts';

test('a workload passes every status in turn until it is ready', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn('listens');
  await world.reaches(backend.id, 'ready');
  assert.deepEqual(await world.history(backend.id), ['scheduled', 'loading', 'starting', 'waiting', 'ready']);
});

test('an image that is missing ends it in loading, with the cause in its log', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn();
  const end = await world.reaches(backend.id, 'terminated');
  assert.equal(end.reason, 'image-error');
  assert.equal(end.lastStatus, 'loading');
  assert.deepEqual(world.notes, ['berth: there is no such image']);
});

test('a command that is missing ends it in starting and leaves nothing', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn('missing');
  const end = await world.reaches(backend.id, 'terminated');
  assert.deepEqual([end.reason, end.lastStatus, end.exitCode], ['start-error', 'starting', undefined]);
  assert.deepEqual(world.notes, ['berth: command not found: missing']);
  await world.runtime.remove(backend.id);
  assert.deepEqual(world.runtime.running, []);
});

test('a program that never listens is killed when its time is over', async t => {
  const world = await engineWorld(t, { startupTimeoutMs: 50 });
  const { backend } = await world.spawn('deaf');
  const end = await world.reaches(backend.id, 'terminated');
  assert.deepEqual([end.reason, end.kind, end.lastStatus], ['start-timeout', 'hard', 'waiting']);
  assert.ok((await world.history(backend.id)).includes('hard-terminating'));
  assert.match(world.notes[0] ?? '', /nothing accepted connections on port \d+ within 0.05 s/);
});

for (const [exitCode, reason] of [
  [0, 'exited'],
  [3, 'failed'],
  [137, 'failed'],
] as const) {
  test(`a program that ends by itself with code ${exitCode} has ${reason}`, async t => {
    const world = await engineWorld(t);
    const { backend } = await world.spawn('listens');
    await world.reaches(backend.id, 'ready');
    world.runtime.end(backend.id, exitCode);
    const end = await world.reaches(backend.id, 'terminated');
    assert.deepEqual(
      [end.reason, end.exitCode, end.lastStatus, end.kind],
      [reason, exitCode, 'ready', undefined],
    );
  });
}

test('an end that nobody saw is lost', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn('listens');
  await world.reaches(backend.id, 'ready');
  world.runtime.end(backend.id);
  const end = await world.reaches(backend.id, 'terminated');
  assert.deepEqual([end.reason, end.exitCode], ['lost', undefined]);
});

test('the memory limit as cause of the end is recorded and noted', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn('listens', { limits: { memoryBytes: 1000 } });
  await world.reaches(backend.id, 'ready');
  world.runtime.end(backend.id, 137, { outOfMemory: true });
  assert.equal((await world.reaches(backend.id, 'terminated')).outOfMemory, true);
  assert.deepEqual(world.notes, ['berth: the memory limit of 1000 bytes ended it']);
});

test('a soft stop sends the signal once, however often it is asked for', async t => {
  const world = await engineWorld(t, { stopGraceMs: 60 });
  const { backend } = await world.spawn('stubborn');
  await world.reaches(backend.id, 'ready');
  await world.engine.backends.terminate(backend.id, 'soft');
  await world.engine.backends.terminate(backend.id, 'soft');
  const end = await world.reaches(backend.id, 'terminated');
  assert.deepEqual([end.reason, end.kind, end.exitCode], ['external', 'soft', 137]);
  assert.equal(world.runtime.asked.filter(what => what.startsWith('SIGTERM')).length, 1);
});

test('a hard stop during a soft one kills at once', async t => {
  const world = await engineWorld(t, { stopGraceMs: 60_000 });
  const { backend } = await world.spawn('stubborn');
  await world.reaches(backend.id, 'ready');
  await world.engine.backends.terminate(backend.id, 'soft');
  await world.engine.backends.terminate(backend.id, 'hard');
  const end = await world.reaches(backend.id, 'terminated');
  assert.deepEqual([end.reason, end.kind], ['external', 'hard']);
  assert.deepEqual((await world.history(backend.id)).slice(-3), [
    'terminating',
    'hard-terminating',
    'terminated',
  ]);
});

test('a stop while loading takes effect at once and runs nothing', async t => {
  const world = await engineWorld(t);
  world.runtime.loading = new Promise(() => {});
  const { backend } = await world.spawn('listens');
  await world.reaches(backend.id, 'loading');
  await world.engine.backends.terminate(backend.id, 'soft');
  const end = await world.reaches(backend.id, 'terminated');
  assert.deepEqual([end.reason, end.lastStatus], ['external', 'loading']);
  assert.ok(!world.runtime.asked.some(what => what.startsWith('create')));
});

test('terminating what has ended is refused', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn();
  await world.reaches(backend.id, 'terminated');
  await assert.rejects(world.engine.backends.terminate(backend.id, 'soft'), { code: 'not-running' });
});
