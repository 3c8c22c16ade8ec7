import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type NetworkPolicy, RuntimeError } from '../../runtime/runtime.ts';
import { engineWorld } from '../testing/world.ts';
import { isDomain } from './network-policy.ts';

const allow = (domain: string) => ({ domain, action: 'allow' as const });

async function makeWorld(t: TestContext) {
  const world = await engineWorld(t, {}, { idleWarmMs: 0, idleColdMs: 0 });
  const calls: [string, NetworkPolicy | undefined][] = [];
  const failing: { error?: Error } = {};
  Object.assign(world.runtime, {
    setNetworkPolicy: async (id: string, policy: NetworkPolicy | undefined) => {
      if (failing.error !== undefined) throw failing.error;
      calls.push([id, policy]);
    },
  });
  const { sandboxes } = world.engine;
  const sandbox = await sandboxes.create({ account: world.account, name: 'box' });
  return { ...world, sandboxes, sandbox, calls, failing };
}

test('rules are in force at once, and at each boot', async t => {
  const { sandbox, sandboxes, calls } = await makeWorld(t);
  assert.deepEqual(calls, []);
  await sandbox.network.set([allow('a.b'), { include: 'defaults' }]);
  const policy = { rules: [allow('a.b'), allow('example.com'), allow('*.example.org')] };
  assert.deepEqual(calls, [[sandbox.power.workloadId, policy]]);
  const next = await sandboxes.restart(sandbox);
  assert.deepEqual(calls[1], [next, policy]);
  await sandbox.network.set([]);
  assert.deepEqual(calls[2], [next, undefined]);
});

test('a cold sandbox is not woken for them', async t => {
  const { sandbox, calls } = await makeWorld(t);
  await sandbox.power.stop();
  await sandbox.network.set([allow('a.b')]);
  assert.deepEqual([sandbox.status, calls], ['cold', []]);
  const { workloadId, release } = await sandbox.use();
  release();
  assert.deepEqual(calls, [[workloadId, { rules: [allow('a.b')] }]]);
});

test('a sandbox does not run without its rules', async t => {
  const { sandbox, failing } = await makeWorld(t);
  await sandbox.network.set([allow('a.b')]);
  await sandbox.power.stop();
  failing.error = new Error('no');
  await assert.rejects(sandbox.use(), { code: 'no-capacity' });
  assert.equal(sandbox.status, 'cold');
});

test('rules that could not be put in force are an error, but not where nothing runs any more', async t => {
  const { sandbox, failing } = await makeWorld(t);
  failing.error = new RuntimeError('not-found', 'gone');
  await sandbox.network.set([allow('a.b')]);
  failing.error = new Error('no');
  await assert.rejects(sandbox.network.set([allow('b.c')]), /no/);
});

test('of changes at the same time none is lost', async t => {
  const { sandbox, sandboxes, store } = await makeWorld(t);
  await Promise.all([
    sandboxes.change(sandbox, settings => ({ ...settings, labels: ['x'] })),
    sandbox.network.set([allow('a.b')]),
    sandboxes.change(sandbox, settings => ({ ...settings, access: 'public' })),
  ]);
  const [record] = await store.sandboxes.list();
  const { labels, access, networkPolicy } = record?.settings ?? {};
  assert.deepEqual([labels, access, networkPolicy], [['x'], 'public', [allow('a.b')]]);
});

test('a domain is a host, *.suffix or *', () => {
  for (const text of [
    '*',
    'localhost',
    'a.b',
    '*.a.b',
    'A.b',
    '_srv._tcp.a.b',
    'xn--e1a.b',
    '1.a',
    '*.com',
  ]) {
    assert.equal(isDomain(text), true, text);
  }
  for (const text of [
    '',
    '.',
    '*.',
    'a.',
    '.a',
    'a..b',
    '-a.b',
    'a-.b',
    '1.2.3.4',
    'a b',
    'a/b',
    '*.*',
    'a:1',
  ]) {
    assert.equal(isDomain(text), false, text);
  }
});
