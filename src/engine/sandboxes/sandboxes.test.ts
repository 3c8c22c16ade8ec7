import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { engineWorld } from '../testing/world.ts';
import type { SandboxLimits } from './limits.ts';
import type { LiveSandbox, SandboxStatus } from './live-sandbox.ts';

const short = { idleWarmMs: 20, idleColdMs: 20 };
const never = { idleWarmMs: 0, idleColdMs: 0 };

async function makeWorld(t: TestContext, limits: Partial<SandboxLimits> = never) {
  const world = await engineWorld(t, {}, limits);
  return {
    ...world,
    get sandboxes() {
      return world.engine.sandboxes;
    },
    create: (name: string) => world.engine.sandboxes.create({ account: world.account, name }),
    get: (name: string) => world.engine.sandboxes.get(world.account, name),
    /** Waits until a sandbox has a status. */
    becomes: async (sandbox: LiveSandbox, status: SandboxStatus) => {
      const over = AbortSignal.timeout(10_000);
      const stop = world.engine.sandboxes.onChange(() => changed.emit());
      const changed = new Changes();
      while (sandbox.status !== status && !over.aborted) await changed.next(over);
      stop();
      assert.equal(sandbox.status, status);
    },
    restart: world.restart,
  };
}

class Changes {
  #wake = (): void => {};

  emit(): void {
    this.#wake();
  }

  next(over: AbortSignal): Promise<unknown> {
    return Promise.race([
      new Promise<void>(resolve => {
        this.#wake = resolve;
      }),
      once(over, 'abort'),
    ]);
  }
}

test('a sandbox executes when it is created, over a root of its own', async t => {
  const world = await makeWorld(t);
  const sandbox = await world.create('box');
  assert.equal(sandbox.status, 'running');
  assert.deepEqual([...world.runtime.roots], [sandbox.record.id]);
  const spec = world.runtime.specs.get(sandbox.power.workloadId ?? '');
  assert.deepEqual([spec?.idle, spec?.root, spec?.account?.uid], [true, sandbox.record.id, 1000]);
  assert.match(sandbox.record.host, /^box-[a-z0-9]{6}$/);
  assert.equal(world.sandboxes.byHost(sandbox.record.host), sandbox);
});

test('a name is refused that is none, or is taken', async t => {
  const world = await makeWorld(t);
  await world.create('box');
  await assert.rejects(world.create('box'), { code: 'already-exists' });
  for (const name of ['', '-a', 'a-', 'A', 'a.b', 'x'.repeat(57)]) {
    await assert.rejects(world.create(name), { code: 'invalid' }, name);
  }
  assert.equal((await world.create('x'.repeat(56))).status, 'running');
});

test('of many creations of one name at once, one succeeds', async t => {
  const world = await makeWorld(t);
  const asked = await Promise.allSettled(Array.from({ length: 10 }, () => world.create('box')));
  assert.equal(asked.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.equal(world.runtime.running.length, 1);
});

test('a sandbox that can not boot is not left behind', async t => {
  const world = await makeWorld(t);
  world.runtime.loading = Promise.reject(new Error('no'));
  world.runtime.loading.catch(() => {});
  await assert.rejects(world.create('box'), { code: 'no-capacity' });
  assert.deepEqual(world.sandboxes.list(world.account), []);
  assert.deepEqual(await world.store.sandboxes.list(), []);
  assert.deepEqual(world.runtime.running, []);
});

test('without activity it is paused, then stopped; each use wakes it', async t => {
  const world = await makeWorld(t, short);
  const sandbox = await world.create('box');
  const first = sandbox.power.workloadId;
  await world.becomes(sandbox, 'warm');
  const use = await sandbox.use();
  assert.equal(use.workloadId, first);
  assert.equal(sandbox.status, 'running');
  use.release();
  await world.becomes(sandbox, 'cold');
  assert.deepEqual(world.runtime.running, []);
  const again = await sandbox.use();
  assert.notEqual(again.workloadId, first);
  again.release();
  assert.ok(world.runtime.asked.includes(`pause ${first}`));
  assert.ok(world.runtime.asked.includes(`resume ${first}`));
});

test('it stays awake as long as somebody uses it', async t => {
  const world = await makeWorld(t, { idleWarmMs: 5, idleColdMs: 5 });
  const sandbox = await world.create('box');
  const { release, workloadId } = await sandbox.use();
  const other = await sandbox.use();
  other.release();
  await new Promise(resolve => setTimeout(resolve, 40));
  assert.equal(sandbox.status, 'running');
  assert.ok(!world.runtime.asked.includes(`pause ${workloadId}`) || sandbox.status === 'running');
  release();
  await world.becomes(sandbox, 'warm');
});

test('concurrent wakes share one boot', async t => {
  const world = await makeWorld(t, { idleWarmMs: 5, idleColdMs: 5 });
  const sandbox = await world.create('box');
  await world.becomes(sandbox, 'cold');
  const uses = await Promise.all(Array.from({ length: 20 }, () => sandbox.use()));
  assert.equal(new Set(uses.map(({ workloadId }) => workloadId)).size, 1);
  for (const { release } of uses) release();
});

test('a wake that takes too long is given up by the one who asked, not by the sandbox', async t => {
  const world = await makeWorld(t, { idleWarmMs: 5, idleColdMs: 5, wakeTimeoutMs: 20 });
  const sandbox = await world.create('box');
  await world.becomes(sandbox, 'cold');
  const { promise, resolve } = Promise.withResolvers<void>();
  world.runtime.loading = promise;
  await assert.rejects(sandbox.use(), { code: 'no-capacity' });
  resolve();
  await world.becomes(sandbox, 'running');
});

test('a failed wake says why, and is forgotten by the next that succeeds', async t => {
  const world = await makeWorld(t, { idleWarmMs: 5, idleColdMs: 5 });
  const sandbox = await world.create('box');
  await world.becomes(sandbox, 'cold');
  world.runtime.loading = Promise.reject(new Error('no'));
  world.runtime.loading.catch(() => {});
  await assert.rejects(sandbox.use(), { code: 'no-capacity' });
  assert.equal((await world.sandboxes.check(sandbox)).status, 'error');
  world.runtime.loading = Promise.resolve();
  (await sandbox.use()).release();
  assert.equal(sandbox.record.bootError, undefined);
  assert.equal((await world.sandboxes.check(sandbox)).status, 'healthy');
});

test('a sandbox whose workload ends by itself is cold, and wakes anew', async t => {
  const world = await makeWorld(t);
  const sandbox = await world.create('box');
  const first = sandbox.power.workloadId ?? '';
  world.runtime.end(first, 137);
  await world.becomes(sandbox, 'cold');
  const { workloadId, release } = await sandbox.use();
  assert.notEqual(workloadId, first);
  release();
});

test('a restart boots it anew over the same root', async t => {
  const world = await makeWorld(t);
  const sandbox = await world.create('box');
  const first = sandbox.power.workloadId;
  const second = await world.sandboxes.restart(sandbox);
  assert.notEqual(second, first);
  assert.equal(world.runtime.specs.get(second)?.root, sandbox.record.id);
  assert.equal(sandbox.status, 'running');
});

test('a deleted sandbox leaves nothing and does not wake', async t => {
  const world = await makeWorld(t);
  const sandbox = await world.create('box');
  await world.sandboxes.delete(sandbox);
  assert.deepEqual(world.runtime.running, []);
  assert.deepEqual([...world.runtime.roots], []);
  assert.deepEqual(await world.store.sandboxes.list(), []);
  await assert.rejects(sandbox.use(), { code: 'not-found' });
  assert.equal((await world.create('box')).status, 'running');
});

test('limits of an account hold', async t => {
  const world = await makeWorld(t, { ...never, maxSandboxes: 3, maxRunning: 2, capacityWaitMs: 10 });
  await world.create('a');
  await world.create('b');
  await assert.rejects(world.create('c'), { code: 'limit-reached' });
  const waiting = world.sandboxes.create({ account: world.account, name: 'c', waitForCapacity: true });
  await assert.rejects(waiting, { code: 'limit-reached' });
  await world.sandboxes.delete(world.get('a'));
  await world.create('c');
});

test('after a restart of the server a sandbox is the same, running or cold', async t => {
  const world = await makeWorld(t);
  const running = (await world.create('running')).power.workloadId;
  const cold = await world.create('cold');
  await cold.power.stop();
  world.runtime.roots.add('stray');
  await world.restart();
  await world.becomes(world.get('running'), 'running');
  assert.equal(world.get('running').power.workloadId, running);
  assert.equal(world.get('cold').status, 'cold');
  assert.ok(!world.runtime.roots.has('stray'));
  assert.equal(world.runtime.roots.size, 2);
});

test('a sandbox that has ended while the server was away is cold', async t => {
  const world = await makeWorld(t);
  const sandbox = await world.create('box');
  const id = sandbox.power.workloadId ?? '';
  await world.restart(async () => {
    await world.runtime.remove(id);
  });
  await world.becomes(world.get('box'), 'cold');
  const { workloadId, release } = await world.get('box').use();
  assert.notEqual(workloadId, id);
  release();
});
