import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from './testing/world.ts';

test('a workload the edge has not heard of is asked for once and remembered', async () => {
  await using world = await World.open();
  const route = await world.http('a1', (_, res) => res.end('ok'));
  world.edge.forget('a1');
  world.owner.routes.set('a1', route);
  const answers = await Promise.all([world.fetch('a1'), world.fetch('a1'), world.fetch('a1')]);
  assert.deepEqual(
    answers.map(answer => answer.body),
    ['ok', 'ok', 'ok'],
  );
  await world.fetch('a1');
  assert.deepEqual(world.owner.lookedUp, ['a1']);
});

test('an unknown id is a 404', async () => {
  await using world = await World.open();
  const { status, body } = await world.fetch('none');
  assert.equal(status, 404);
  assert.equal(JSON.parse(body).error.code, 'NotFound');
});

test('an owner that fails or is late is a 500, not a hang', async () => {
  await using world = await World.open({ holdMs: 30 });
  world.owner.delay = new Promise(() => {});
  assert.equal((await world.fetch('a1')).status, 500);
  world.owner.delay = Promise.reject(new Error('no store'));
  world.owner.delay.catch(() => {});
  const { status, body } = await world.fetch('a2');
  assert.equal(status, 500);
  assert.equal(JSON.parse(body).error.code, 'InternalError');
  assert.doesNotMatch(body, /no store/);
});
