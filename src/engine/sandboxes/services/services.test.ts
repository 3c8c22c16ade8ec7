import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { SandboxServiceDefinition } from '../../../store/store.ts';
import { engineWorld } from '../../testing/world.ts';
import { defaultSandboxLimits, type SandboxLimits } from '../limits.ts';
import type { LiveSandbox } from '../live-sandbox.ts';

const usual = { idleWarmMs: 0, idleColdMs: 0, rebootDelayMs: 5, stopGraceMs: 200 };

async function makeWorld(t: TestContext, limits: Partial<SandboxLimits> = {}) {
  const { supervision } = defaultSandboxLimits.services;
  const quick = {
    ...defaultSandboxLimits.services,
    supervision: {
      ...supervision,
      needsSettleMs: 0,
      backOff: { ...supervision.backOff, initialMs: 30 },
    },
  };
  const world = await engineWorld(t, {}, { ...usual, services: quick, ...limits });
  const { durable } = world.runtime;
  return {
    ...world,
    durable,
    restart: world.restart,
    create: () => world.engine.sandboxes.create({ account: world.account, name: 'box' }),
    get sandbox(): LiveSandbox {
      return world.engine.sandboxes.get(world.account, 'box');
    },
    runs: (...names: string[]) => eventually(() => assert.deepEqual(durable.running, names.sort())),
  };
}

async function eventually(check: () => void | Promise<void>): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await delay(5);
    }
  }
}

/** Runs a program of a service's own name. */
async function put(sandbox: LiveSandbox, name: string, more: Partial<SandboxServiceDefinition> = {}) {
  const request = await sandbox.services.put(name, { command: [name], needs: [], ...more });
  const events = request.events({ windowMs: 0, signal: AbortSignal.timeout(20_000) });
  return (await Array.fromAsync(events)).map(({ type }) => type);
}

const stateOf = (sandbox: LiveSandbox, name: string) => sandbox.services.get(name).state;

test('a service runs as durable process, and its row says so before anybody is told', async t => {
  const world = await makeWorld(t);
  const sandbox = await world.create();
  assert.deepEqual(await put(sandbox, 'web'), ['started']);
  const [row] = await world.store.sandboxes.services(sandbox.record.id);
  const [process] = await world.durable.processes(sandbox.power.workloadId ?? '');
  assert.deepEqual([row?.desired, row?.progress.runId, row?.id], ['running', process?.id, process?.logId]);
  assert.deepEqual(world.faults, []);
});

test('an end is recorded and forgotten by the runtime; a crash is followed by a new start', async t => {
  const world = await makeWorld(t);
  const sandbox = await world.create();
  await put(sandbox, 'web');
  const [first] = world.durable.known;
  world.durable.end('web', 3);
  await world.runs('web');
  await eventually(() => assert.equal(stateOf(sandbox, 'web').restartCount, 1));
  await eventually(() => assert.equal(world.durable.known.length, 1));
  assert.notEqual(world.durable.known[0], first);
  world.durable.end('web', 4);
  await eventually(async () => {
    const [row] = await world.store.sandboxes.services(sandbox.record.id);
    assert.equal(row?.progress.restartCount, 2);
  });
});

test('what can not be started is told, and noted in its log', async t => {
  const world = await makeWorld(t);
  const sandbox = await world.create();
  assert.deepEqual(await put(sandbox, 'missing', { restart: 'never' }), ['error']);
  assert.deepEqual(world.notes, ['command not found: missing']);
  assert.equal(stateOf(sandbox, 'missing').status, 'failed');
  assert.deepEqual(world.faults, []);
});

test('while a sandbox is paused nothing is started in it; then it goes on', async t => {
  const world = await makeWorld(t, { idleWarmMs: 30 });
  const sandbox = await world.create();
  await put(sandbox, 'web');
  world.durable.end('web', 1);
  await eventually(() => assert.equal(sandbox.status, 'warm'));
  world.durable.end('web', 1);
  const before = world.durable.asked.length;
  await delay(200);
  assert.equal(world.durable.asked.length, before);
  const { release } = await sandbox.use();
  await world.runs('web');
  release();
  assert.deepEqual(world.faults, []);
});

test('a sandbox that goes cold ends its services, dependants first, and starts them again in order', async t => {
  const world = await makeWorld(t);
  const sandbox = await world.create();
  await put(sandbox, 'db');
  await put(sandbox, 'app', { needs: ['db'] });
  await put(sandbox, 'idle');
  await sandbox.services.stop('idle', 1_000);
  await world.runs('app', 'db');
  world.durable.asked.length = 0;
  await sandbox.power.stop();
  assert.deepEqual(world.durable.asked, ['SIGTERM app', 'SIGTERM db']);
  assert.deepEqual([stateOf(sandbox, 'app').status, stateOf(sandbox, 'app').error], ['stopped', undefined]);
  (await sandbox.use()).release();
  await world.runs('app', 'db');
  assert.deepEqual(world.durable.asked.slice(2), ['start db', 'start app']);
  assert.equal(stateOf(sandbox, 'app').restartCount, 0);
});

test('what does not end in time when a sandbox goes cold is killed; at its deletion at once', async t => {
  const world = await makeWorld(t, { stopGraceMs: 100 });
  const sandbox = await world.create();
  await put(sandbox, 'stubborn');
  await sandbox.power.stop();
  assert.deepEqual(world.durable.asked.slice(1), ['SIGTERM stubborn', 'kill stubborn']);
  (await sandbox.use()).release();
  await world.runs('stubborn');
  await world.engine.sandboxes.delete(sandbox);
  await world.runs();
  assert.deepEqual(await world.logs.list(), []);
});

test('a sandbox that is lost is booted again for its services, and not for stopped ones', async t => {
  const world = await makeWorld(t);
  const sandbox = await world.create();
  await put(sandbox, 'db');
  await put(sandbox, 'app', { needs: ['db'] });
  const first = sandbox.power.workloadId ?? '';
  world.durable.asked.length = 0;
  world.runtime.end(first, 137);
  await eventually(() => assert.notEqual(sandbox.power.workloadId ?? first, first));
  await world.runs('app', 'db');
  assert.deepEqual(world.durable.asked, ['start db', 'start app']);
  await eventually(() => assert.equal(stateOf(sandbox, 'app').restartCount, 0));
  for (const name of ['app', 'db']) {
    const { events } = await sandbox.services.stop(name, 1_000);
    await Array.fromAsync(events({ windowMs: 0, signal: AbortSignal.timeout(20_000) }));
  }
  world.runtime.end(sandbox.power.workloadId ?? '', 137);
  await eventually(() => assert.equal(sandbox.status, 'cold'));
  await delay(100);
  assert.equal(sandbox.status, 'cold');
});

test('a boot for lost services that fails is tried again', async t => {
  const world = await makeWorld(t);
  const sandbox = await world.create();
  await put(sandbox, 'web');
  world.runtime.loading = Promise.reject(new Error('no'));
  world.runtime.loading.catch(() => {});
  world.runtime.end(sandbox.power.workloadId ?? '', 137);
  await eventually(() => assert.match(sandbox.record.bootError ?? '', /./));
  world.runtime.loading = Promise.resolve();
  await world.runs('web');
});

test('after a restart of the server what runs is taken up, and what ended meanwhile is a crash', async t => {
  const world = await makeWorld(t);
  const sandbox = await world.create();
  for (const name of ['runs', 'ends', 'idle']) await put(sandbox, name);
  await sandbox.services.stop('idle', 1_000);
  await world.runs('ends', 'runs');
  const { pid } = stateOf(sandbox, 'runs');
  const workload = sandbox.power.workloadId ?? '';
  world.durable.asked.length = 0;
  await world.restart(async () => {
    world.durable.end('ends', 6, false);
    // One that no row tells of.
    await world.durable.startProcess(workload, { id: 'stray', logId: 'stray', command: ['stray'] });
  });
  await world.runs('ends', 'runs');
  assert.equal(stateOf(world.sandbox, 'runs').pid, pid);
  await eventually(() => assert.equal(stateOf(world.sandbox, 'ends').restartCount, 1));
  assert.equal(stateOf(world.sandbox, 'idle').status, 'stopped');
  assert.deepEqual(world.durable.asked, ['start stray', 'kill stray', 'start ends']);
  await eventually(() => assert.equal(world.durable.known.length, 2));
  assert.deepEqual(world.faults, []);
});

test('a sandbox that was lost while the server was away comes back with its services', async t => {
  const world = await makeWorld(t);
  const sandbox = await world.create();
  await put(sandbox, 'web');
  const workload = sandbox.power.workloadId ?? '';
  await world.restart(() => world.runtime.remove(workload));
  await world.runs('web');
  assert.notEqual(world.sandbox.power.workloadId, workload);
  await eventually(() => assert.equal(stateOf(world.sandbox, 'web').restartCount, 0));
});

test('where the runtime ends with the server services are ended in good order', async t => {
  const world = await makeWorld(t);
  world.runtime.survivesServer = false;
  const sandbox = await world.create();
  await put(sandbox, 'db');
  await put(sandbox, 'app', { needs: ['db'] });
  world.durable.asked.length = 0;
  await world.restart();
  assert.deepEqual(world.durable.asked, ['SIGTERM app', 'SIGTERM db']);
  assert.equal(world.sandbox.services.get('app').desired, 'running');
});

test('a removed service leaves its log files, and nothing else', async t => {
  const world = await makeWorld(t);
  const sandbox = await world.create();
  await put(sandbox, 'web');
  const [row] = await world.store.sandboxes.services(sandbox.record.id);
  await world.logs.create(row?.id ?? '');
  await sandbox.services.remove('web');
  await world.runs();
  assert.deepEqual(await world.store.sandboxes.services(sandbox.record.id), []);
  await eventually(async () => assert.ok(!(await world.logs.list()).includes(row?.id ?? '')));
  assert.throws(() => sandbox.services.get('web'), { code: 'unknown-unit' });
  assert.deepEqual(await put(sandbox, 'web'), ['started']);
});
