import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { InstanceOptions } from '../../store/store.ts';
import { engineWorld } from '../testing/world.ts';
import type { InstanceStatus } from './instance-status.ts';
import type { WorkspaceLimits } from './limits.ts';

const publicKey = 'ssh-ed25519 AAAA';

async function world(t: TestContext, limits: Partial<WorkspaceLimits> = {}) {
  const engine = await engineWorld(t, {}, {}, limits);
  const { account, runtime } = engine;
  runtime.runs = async () => 0;
  await engine.engine.workspaces.deployments.create({ owner: account, type: 'lab', image: { kind: 'host' } });
  const statusOf = async (id: string) => (await engine.engine.workspaces.instances.find(id))?.instance.status;
  return {
    ...engine,
    runtime,
    restart: engine.restart,
    notes: engine.notes,
    ask: async (waits: boolean, options: InstanceOptions = {}) => {
      const outcome = await engine.engine.workspaces.queue.request({
        account,
        accounts: [account.name],
        isExempt: false,
        target: { kind: 'type', type: 'lab' },
        options: { publicKey, ...options },
        waits,
        joinsOwn: false,
      });
      assert.ok('id' in outcome, outcome.kind);
      return outcome.id;
    },
    reaches: async (id: string, status: InstanceStatus) => {
      const limit = AbortSignal.timeout(20_000);
      while ((await statusOf(id)) !== status) await delay(2, undefined, { signal: limit });
    },
    terminate: (id: string) => engine.engine.workspaces.instances.terminate(id),
    created: (id: string) => runtime.asked.filter(asked => asked === `create ${id}`).length,
  };
}

/** A program that goes on until the test is over. */
const endless = (): Promise<number> => new Promise(() => {});

test('what was lost on its way up begins anew under its id', async t => {
  const { runtime, ask, reaches, restart, created, faults } = await world(t);
  runtime.runs = endless;
  const id = await ask(false);
  await reaches(id, 'starting');
  while (!runtime.running.includes(id)) await delay(2);
  await restart(async () => {
    await runtime.remove(id);
    runtime.runs = async () => 0;
  });
  await reaches(id, 'ready');
  assert.equal(created(id), 2);
  assert.deepEqual(faults, []);
});

test('what was lost when it was ready has ended, and the next one gets its place', async t => {
  const { runtime, ask, reaches, restart, created } = await world(t);
  const id = await ask(false);
  const next = await ask(true);
  await reaches(id, 'ready');
  await restart(() => runtime.remove(id));
  await reaches(id, 'ended');
  await reaches(next, 'ready');
  assert.equal(created(id), 1);
});

test('an end that was written but not begun is made good by the next server', async t => {
  const { runtime, store, ask, reaches, restart } = await world(t);
  const id = await ask(false);
  const next = await ask(true);
  await reaches(id, 'ready');
  await restart(async () => {
    await store.workspaces.stepInstance(id, 'stopping', { at: new Date(), lockAfterFailures: 0 });
  });
  await reaches(id, 'ended');
  assert.ok(runtime.asked.includes(`SIGTERM ${id}`));
  await reaches(next, 'ready');
});

test('one whose time was over while no server was there ends at the next start', async t => {
  const { ask, reaches, restart } = await world(t);
  const id = await ask(false, { expireSeconds: 1 });
  await reaches(id, 'ready');
  await restart(() => delay(1_000));
  await reaches(id, 'ended');
});

test('one that does not get ready in time has failed, also after a restart', async t => {
  const { runtime, ask, reaches, restart, created } = await world(t, { startTimeoutMs: 300 });
  runtime.runs = endless;
  const id = await ask(false);
  await reaches(id, 'failed');
  const late = await ask(false);
  while (!runtime.running.includes(late)) await delay(2);
  await restart(async () => {
    await runtime.remove(late);
    await delay(300);
  });
  await reaches(late, 'failed');
  assert.equal(created(late), 1);
});

test('one in which no shell runs has failed, and its log says why', async t => {
  const { runtime, ask, reaches, notes } = await world(t);
  runtime.runs = async () => 126;
  const id = await ask(false);
  await reaches(id, 'failed');
  assert.ok(notes.includes('berth: a shell ended with 126'), notes.join('\n'));
});

test('one whose program ends by itself has ended, and one that is cancelled on its way up, too', async t => {
  const { runtime, ask, reaches, terminate } = await world(t);
  const id = await ask(false);
  await reaches(id, 'ready');
  runtime.end(id, 0);
  await reaches(id, 'ended');
  runtime.runs = endless;
  const cancelled = await ask(false);
  assert.equal(await terminate(cancelled), undefined);
  await reaches(cancelled, 'ended');
  assert.equal(await terminate(cancelled), 'ended');
});
