import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Route } from './edge.ts';
import { limits } from './limits.ts';
import { RouteTable } from './routes.ts';
import { FakeOwner } from './testing/fake-owner.ts';

const ready = (id: string): Route => ({
  id,
  phase: 'ready',
  target: { host: '127.0.0.1', port: 1 },
  access: 'open',
  stateName: 'Ready',
});

function table(owner: FakeOwner, limitMs = 1_000): RouteTable {
  return new RouteTable(owner, limitMs, () => false);
}

test('concurrent requests for an unheard-of workload ask once', async () => {
  const owner = new FakeOwner();
  owner.routes.set('a', ready('a'));
  const routes = table(owner);
  const found = await Promise.all([routes.find('a'), routes.find('a'), routes.find('a')]);
  assert.deepEqual(owner.lookedUp, ['a']);
  assert.equal(new Set(found).size, 1);
  assert.equal(routes.get('a'), found[0]);
});

test('an unknown id is remembered for a short time only', async t => {
  const owner = new FakeOwner();
  const routes = table(owner);
  let now = 1_000;
  t.mock.method(performance, 'now', () => now);
  await routes.find('a');
  await routes.find('a');
  assert.equal(owner.lookedUp.length, 1);
  now += limits.unknownIdMs;
  await routes.find('a');
  assert.equal(owner.lookedUp.length, 2);
});

test('an unknown id is known as soon as the owner tells of it', async () => {
  const owner = new FakeOwner();
  const routes = table(owner);
  await routes.find('a');
  routes.update(ready('a'));
  assert.equal(routes.get('a')?.route.phase, 'ready');
});

test('what the owner tells during a look-up counts more than its answer', async () => {
  const owner = new FakeOwner();
  const { promise, resolve } = Promise.withResolvers<void>();
  owner.delay = promise;
  const routes = table(owner);
  const found = routes.find('a');
  routes.update({ ...ready('a'), phase: 'ended', stateName: 'Swept' });
  resolve();
  assert.equal((await found)?.route.stateName, 'Swept');
});

test('what is forgotten during a look-up is asked for again', async () => {
  const owner = new FakeOwner();
  const { promise, resolve } = Promise.withResolvers<void>();
  owner.delay = promise;
  const routes = table(owner);
  const found = routes.find('a');
  routes.forget('a');
  owner.routes.set('a', ready('a'));
  resolve();
  assert.notEqual(await found, undefined);
  assert.deepEqual(owner.lookedUp, ['a', 'a']);
});

test('an owner that does not answer is not waited for without end', async () => {
  const owner = new FakeOwner();
  owner.delay = new Promise(() => {});
  await assert.rejects(table(owner, 20).find('a'), /20 ms/);
});

test('the table is bounded; workloads with open requests stay', () => {
  const routes = new RouteTable(new FakeOwner(), 1_000, id => id === 'w0');
  for (let i = 0; i <= limits.maxRoutes + 1; i++) routes.update(ready(`w${i}`));
  assert.notEqual(routes.get('w0'), undefined);
  assert.equal(routes.get('w1'), undefined);
  assert.equal(routes.get('w2'), undefined);
  assert.notEqual(routes.get('w3'), undefined);
});
