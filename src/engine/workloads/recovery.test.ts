import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineWorld } from '../testing/world.ts';

test('a ready workload is adopted with its history as it was', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn('listens');
  const before = await world.reaches(backend.id, 'ready');
  await world.restart();
  assert.deepEqual(await world.reaches(backend.id, 'ready'), before);
  assert.equal(world.runtime.asked.filter(what => what.startsWith('create')).length, 1);
});

test('an exit during the absence is recorded with its code and time', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn('listens');
  await world.reaches(backend.id, 'ready');
  const exitedAt = new Date(Date.now() + 5_000);
  await world.restart(async () => {
    await world.runtime.remove(backend.id);
    const exit = { id: backend.id, exitCode: 5, exitedAt, outOfMemory: false };
    world.runtime.left.push({ state: 'exited', ...exit });
  });
  const end = await world.reaches(backend.id, 'terminated');
  assert.deepEqual([end.reason, end.exitCode, end.lastStatus, end.at], ['failed', 5, 'ready', exitedAt]);
});

test('a workload that is gone without a trace is lost', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn('listens');
  await world.reaches(backend.id, 'ready');
  await world.restart(() => world.runtime.remove(backend.id));
  assert.equal((await world.reaches(backend.id, 'terminated')).reason, 'lost');
});

test('a start that was cut off is finished', async t => {
  const world = await engineWorld(t);
  world.runtime.loading = new Promise(() => {});
  const { backend } = await world.spawn('listens');
  await world.reaches(backend.id, 'loading');
  world.runtime.loading = Promise.resolve();
  await world.restart();
  await world.reaches(backend.id, 'ready');
  assert.deepEqual(await world.history(backend.id), ['scheduled', 'loading', 'starting', 'waiting', 'ready']);
});

test('a stop that was cut off is delivered again', async t => {
  const world = await engineWorld(t, { stopGraceMs: 200 });
  const { backend } = await world.spawn('stubborn');
  await world.reaches(backend.id, 'ready');
  await world.engine.backends.terminate(backend.id, 'soft');
  await world.restart();
  const end = await world.reaches(backend.id, 'terminated');
  assert.deepEqual([end.reason, end.kind], ['external', 'soft']);
});

test('an adopted workload is stopped with the signal of its image', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn('listens');
  await world.reaches(backend.id, 'ready');
  world.runtime.stopSignal = 'SIGQUIT';
  await world.restart();
  await world.engine.backends.terminate(backend.id, 'soft');
  await world.reaches(backend.id, 'terminated');
  assert.ok(world.runtime.asked.includes(`SIGQUIT ${backend.id}`), world.runtime.asked.join());
});

test('what the runtime has and the store does not know is removed', async t => {
  const world = await engineWorld(t);
  await world.restart(() => {
    world.runtime.left.push({ id: 'stray', state: 'running', address: { host: '127.0.0.1', port: 1 } });
  });
  assert.ok(world.runtime.asked.includes('remove stray'));
});

test('workloads that cannot live without the server are ended when it stops', async t => {
  const world = await engineWorld(t);
  world.runtime.survivesServer = false;
  const { backend } = await world.spawn('listens');
  await world.reaches(backend.id, 'ready');
  await world.restart();
  const end = await world.reaches(backend.id, 'terminated');
  assert.deepEqual([end.reason, end.exitCode], ['external', 143]);
});
