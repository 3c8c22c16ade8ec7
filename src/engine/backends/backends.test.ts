import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineWorld } from '../testing/world.ts';

const lock = { name: 'doc-1', scope: 'account', field: 'lock' } as const;

test('however many ask for one lock at once, one backend is spawned', async t => {
  const world = await engineWorld(t);
  await world.service('listens');
  const answers = await Promise.all(Array.from({ length: 200 }, () => world.spawn('listens', { lock })));
  assert.equal(answers.filter(({ spawned }) => spawned).length, 1);
  assert.equal(new Set(answers.map(({ backend }) => backend.id)).size, 1);
});

test('a lock is held across services of the account, or within one service', async t => {
  const world = await engineWorld(t);
  const first = await world.spawn('listens', { lock });
  assert.equal((await world.spawn('stubborn', { lock })).backend.id, first.backend.id);
  const own = await world.spawn('stubborn', { lock: { ...lock, scope: 'service' } });
  assert.equal(own.spawned, true);
});

test('who asks for the lock of an ending backend waits for its end and gets a new one', async t => {
  const world = await engineWorld(t, { stopGraceMs: 100 });
  const first = await world.spawn('stubborn', { lock });
  await world.reaches(first.backend.id, 'ready');
  await world.engine.backends.terminate(first.backend.id, 'soft');
  const answers = await Promise.all([world.spawn('listens', { lock }), world.spawn('listens', { lock })]);
  assert.equal(answers.filter(({ spawned }) => spawned).length, 1);
  assert.notEqual(answers[0]?.backend.id, first.backend.id);
  assert.equal((await world.history(first.backend.id)).at(-1), 'terminated');
});

test('waiting for an ending holder has a limit', async t => {
  const world = await engineWorld(t, { stopGraceMs: 60_000, lockWaitMs: 30 });
  const first = await world.spawn('stubborn', { lock });
  await world.reaches(first.backend.id, 'ready');
  await world.engine.backends.terminate(first.backend.id, 'soft');
  await assert.rejects(world.spawn('listens', { lock }), { code: 'lock-busy' });
});

test('a caller that has gone spawns nothing', async t => {
  const world = await engineWorld(t, { stopGraceMs: 60_000 });
  const first = await world.spawn('stubborn', { lock });
  await world.reaches(first.backend.id, 'ready');
  await world.engine.backends.terminate(first.backend.id, 'soft');
  const gone = new AbortController();
  const waiting = world.spawn('listens', { lock, signal: gone.signal });
  gone.abort();
  await assert.rejects(waiting, { code: 'lock-busy' });
  assert.equal(world.engine.backends.listLive(world.account).length, 1);
});

test('a lock is still held after a restart', async t => {
  const world = await engineWorld(t);
  const first = await world.spawn('listens', { lock });
  await world.reaches(first.backend.id, 'ready');
  await world.restart();
  const second = await world.spawn('listens', { lock });
  assert.deepEqual([second.spawned, second.backend.id], [false, first.backend.id]);
});

test('the program learns who it is, and fencing tokens rise', async t => {
  const world = await engineWorld(t);
  const identity = { ID: 'id', KEY: 'key', TOKEN: 'fencing-token', SERVICE: 'service' } as const;
  const tokens: number[] = [];
  for (const name of ['a', 'b', 'c']) {
    const { backend } = await world.spawn('listens', { identity, env: { ID: 'x' }, lock: { ...lock, name } });
    await world.reaches(backend.id, 'ready');
    const env = world.runtime.specs.get(backend.id)?.env;
    assert.deepEqual([env?.ID, env?.KEY, env?.SERVICE], [backend.id, name, 's-listens']);
    tokens.push(Number(env?.TOKEN));
  }
  assert.ok((tokens[0] ?? 0) < (tokens[1] ?? 0) && (tokens[1] ?? 0) < (tokens[2] ?? 0), tokens.join());
});

test('an idle backend is swept, one with a connection is not', async t => {
  const world = await engineWorld(t);
  const idle = await world.spawn('listens', { graceMs: 50 });
  const used = await world.spawn('listens', { graceMs: 50 });
  world.engine.backends.connectionsChanged(used.backend.id, 1);
  const end = await world.reaches(idle.backend.id, 'terminated');
  assert.deepEqual([end.reason, end.kind, end.lastStatus], ['swept', 'soft', 'ready']);
  assert.equal((await world.history(used.backend.id)).at(-1), 'ready');
  world.engine.backends.connectionsChanged(used.backend.id, 0);
  assert.equal((await world.reaches(used.backend.id, 'terminated')).reason, 'swept');
});

test('a lifetime ends a backend however busy it is', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn('listens', { lifetimeMs: 150 });
  world.engine.backends.connectionsChanged(backend.id, 1);
  assert.equal((await world.reaches(backend.id, 'terminated')).reason, 'swept');
});

test('the limit of live backends holds under concurrent spawns', async t => {
  const world = await engineWorld(t, { maxBackendsPerAccount: 3 });
  await world.service('listens');
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => world.spawn('listens')));
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 3);
});

test('an environment that a service does not have is not found', async t => {
  const world = await engineWorld(t);
  await assert.rejects(world.spawn('listens', { environment: 'staging' }), { code: 'not-found' });
});

test('deleting a service ends its backends', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn('listens');
  await world.reaches(backend.id, 'ready');
  const service = await world.service('listens');
  await world.engine.services.delete(world.account, service.name);
  await world.engine.backends.terminateService(service);
  assert.equal((await world.reaches(backend.id, 'terminated')).reason, 'external');
});
