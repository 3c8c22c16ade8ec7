import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineWorld } from '../../testing/world.ts';

const short = { idleWarmMs: 10, idleColdMs: 10 };

async function makeWorld(t: Parameters<typeof engineWorld>[0]) {
  const world = await engineWorld(t, {}, short);
  return Object.assign(world, {
    box: await world.engine.sandboxes.create({ account: world.account, name: 'box' }),
  });
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

test('a task keeps its sandbox awake until it is deleted', async t => {
  const { box } = await makeWorld(t);
  const task = await box.tasks.put('agent', 60_000);
  assert.equal(task.expiresAt.getTime() - task.startedAt.getTime(), 60_000);
  await pause(60);
  assert.equal(box.status, 'running');
  await box.tasks.delete('agent');
  for (let i = 0; i < 500 && box.status === 'running'; i++) await pause(10);
  assert.notEqual(box.status, 'running');
});

test('a task is over when its time is, unless it was refreshed', async t => {
  const { box } = await makeWorld(t);
  await box.tasks.put('agent', 30);
  const { startedAt } = await box.tasks.put('agent', 60_000);
  await pause(80);
  assert.equal(box.status, 'running');
  assert.deepEqual(box.tasks.get('agent').startedAt, startedAt);
  await box.tasks.put('agent', 1);
  for (let i = 0; i < 500 && box.status === 'running'; i++) await pause(10);
  assert.notEqual(box.status, 'running');
  assert.deepEqual(box.tasks.list(), []);
});

test('names and times have rules; a name is given once to who asks for a new one', async t => {
  const { box } = await makeWorld(t);
  for (const name of ['', '-a', 'a b', 'x'.repeat(129)]) {
    await assert.rejects(async () => box.tasks.put(name, 1_000), { code: 'invalid' });
  }
  for (const ms of [0, -1, Number.NaN, 3_600_001]) {
    await assert.rejects(async () => box.tasks.put('a', ms), { code: 'invalid' });
  }
  const asked = await Promise.allSettled([1, 2, 3].map(() => box.tasks.put('a', 1_000, true)));
  assert.equal(asked.filter(({ status }) => status === 'fulfilled').length, 1);
  await assert.rejects(async () => box.tasks.delete('b'), { code: 'not-found' });
});

test('tasks of a run outlive the server, not the run', async t => {
  const world = await makeWorld(t);
  await world.box.tasks.put('agent', 60_000);
  await world.restart();
  const box = world.engine.sandboxes.get(world.account, 'box');
  assert.deepEqual(
    box.tasks.list().map(({ name }) => name),
    ['agent'],
  );
  await box.power.stop();
  for (let i = 0; i < 500 && (await world.store.sandboxes.tasks()).length > 0; i++) await pause(10);
  assert.deepEqual(await world.store.sandboxes.tasks(), []);
});
