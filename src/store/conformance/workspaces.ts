import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type {
  Account,
  InstanceOptions,
  NewDeployment,
  QueueTarget,
  Store,
  WorkspaceDeployment,
  WorkspaceInstance,
} from '../store.ts';
import { after, end, makeWorld, newAccount, noon, type StoreUnderTest, type World } from './world.ts';

const unlimited = { maxActivePerAccount: 0, maxReservationsPerAccount: 0 };
const online = { isOnline: () => true, hasVpn: () => false };

export function workspacePromises(subject: StoreUnderTest): void {
  describe('deployments of workspaces', () => {
    test('types are there with their first deployment, or before it, and stay', async t => {
      const { store, account } = await makeWorld(t, subject);
      const { workspaces } = store;
      assert.equal(await workspaces.addType('robot', noon), true);
      assert.equal(await workspaces.addType('robot', noon), false);
      const deployment = newDeployment(account, 'd1', { type: 'lab' });
      await workspaces.createDeployment(deployment);
      await workspaces.createDeployment(newDeployment(account, 'd2', { type: 'lab' }));
      await workspaces.dissolveDeployment('d1', after(1));
      await workspaces.dissolveDeployment('d2', after(1));
      assert.deepEqual(await workspaces.types(), ['lab', 'robot']);
    });

    test('a deployment is as it was created, also after a restart; lock and end stay', async t => {
      const world = await makeWorld(t, subject);
      const { workspaces } = world.store;
      const [a, b] = [
        newDeployment(world.account, 'a', { createdAt: after(1), isHidden: true, deniesByDefault: true }),
        newDeployment(world.account, 'b'),
      ];
      for (const deployment of [a, b]) await workspaces.createDeployment(deployment);
      assert.equal(await workspaces.lockDeployment('b', true), true);
      assert.equal(await workspaces.dissolveDeployment('b', after(5)), true);
      assert.equal(await workspaces.dissolveDeployment('b', after(6)), false);
      assert.equal(await workspaces.lockDeployment('b', false), false);
      assert.equal(await workspaces.lockDeployment('gone', true), false);
      const reopened = (await world.reopen()).workspaces;
      const fresh = { isLocked: false, finishedCount: 0, failuresInARow: 0 };
      assert.deepEqual(await reopened.deployments(), [
        { ...b, ...fresh, isLocked: true, dissolvedAt: after(5) },
        { ...a, ...fresh },
      ]);
      assert.deepEqual(await reopened.deployment('a'), { ...a, ...fresh });
      assert.equal(await reopened.deployment('gone'), undefined);
    });

    test('rules are numbered from 1 in each deployment; the first lets its owner in', async t => {
      const { store, account } = await makeWorld(t, subject);
      const { workspaces } = store;
      for (const id of ['a', 'b']) await workspaces.createDeployment(newDeployment(account, id));
      const put = (deploymentId: string, about: string, allows: boolean) =>
        workspaces.putAccessRule({ deploymentId, subject: about, allows, createdAt: after(1) });
      assert.equal((await put('a', '*', false))?.number, 2);
      assert.equal((await put('a', '*', false))?.number, 2);
      assert.equal((await put('a', '*', true))?.number, 3);
      assert.equal((await put('b', 'ada', true))?.number, 2);
      assert.equal(await put('gone', 'ada', true).catch(() => undefined), undefined);
      assert.equal(await workspaces.deleteAccessRule('b', 1), true);
      assert.equal(await workspaces.deleteAccessRule('b', 1), false);
      assert.deepEqual(
        (await workspaces.accessRules()).map(rule => [
          rule.deploymentId,
          rule.number,
          rule.subject,
          rule.allows,
        ]),
        [
          ['a', 1, account.name, true],
          ['a', 3, '*', true],
          ['b', 2, 'ada', true],
        ],
      );
    });
  });

  describe('workspaces and their queue', () => {
    test('of many who ask at once one gets the deployment', async t => {
      const world = await queueWorld(t, subject);
      const asked = await Promise.all(['i1', 'i2', 'i3'].map(id => world.ask(id, 'ada')));
      assert.deepEqual(
        asked.map(({ kind }) => kind),
        ['started', 'refused', 'refused'],
      );
      const [instance] = await world.store.workspaces.instances();
      assert.equal(instance?.id, 'i1');
      assert.equal(instance?.status, 'starting');
      const [live, ...others] = await world.store.workspaces.liveWorkloads();
      assert.deepEqual([live?.id, live?.latest.status, others], ['i1', 'scheduled', []]);
      assert.deepEqual(await world.store.backends.live(), []);
    });

    test('who waits is met in order, under the id of the reservation, with all that was asked for', async t => {
      const world = await queueWorld(t, subject);
      await world.ask('i1', 'ada');
      const options: InstanceOptions = {
        publicKey: 'ssh-ed25519 AAAA',
        expireSeconds: 60,
        keepAlive: true,
        repository: { url: 'https://example.com/x.git', program: './run' },
        eventUrl: 'https://example.com/',
      };
      assert.equal((await world.ask('r1', 'bob', { waits: true, options })).kind, 'reserved');
      assert.equal((await world.ask('r2', 'eve', { waits: true })).kind, 'reserved');
      assert.equal(await world.next(), undefined);
      await world.finish('i1');
      const store = await world.reopen();
      const met = await world.next(after(9_000));
      assert.deepEqual(met?.instance, {
        id: 'r1',
        deploymentId: 'd1',
        account: world.account('bob'),
        status: 'starting',
        options,
        wasReserved: true,
        startedAt: after(9_000),
        expiresAt: after(69_000),
      });
      assert.equal(met?.latest?.status, 'scheduled');
      const { reservations } = await store.workspaces.queue();
      assert.deepEqual(
        reservations.map(({ id }) => id),
        ['r2'],
      );
      const [event] = await store.workspaces.events();
      assert.deepEqual(
        [event?.subjectId, event?.kind, event?.wasReserved, event?.url, event?.accountName],
        ['r1', 'starting', true, 'https://example.com/', 'bob'],
      );
    });

    test('a reservation is taken back once: by its owner, or by being met', async t => {
      const world = await queueWorld(t, subject);
      const { workspaces } = world.store;
      await world.ask('i1', 'ada');
      await world.ask('r1', 'bob', { waits: true });
      assert.equal(await workspaces.deleteReservation('r1', world.account('eve').id), false);
      await world.finish('i1');
      const [met, deleted] = await Promise.all([world.next(), workspaces.deleteReservation('r1')]);
      assert.deepEqual([met?.instance.id, deleted], ['r1', false]);
      await world.ask('r2', 'bob', { waits: true });
      await world.finish('r1');
      const [again, next] = await Promise.all([
        workspaces.deleteReservation('r2', world.account('bob').id),
        world.next(),
      ]);
      assert.deepEqual([again, next], [true, undefined]);
    });

    test('reservations end with their time, and with the last deployment that could meet them', async t => {
      const world = await queueWorld(t, subject);
      const { workspaces } = world.store;
      await workspaces.createDeployment(newDeployment(world.account('ada'), 'd2'));
      for (const id of ['d1', 'd2'])
        await world.ask(`i-${id}`, 'ada', { target: { kind: 'one', ids: [id] } });
      const options = { eventUrl: 'https://example.com/' };
      const wait = (id: string, target: QueueTarget, waitMs?: number) =>
        world.ask(id, 'bob', { waits: true, target, options, ...(waitMs && { waitMs }) });
      await wait('one', { kind: 'one', ids: ['d1'] });
      await wait('list', { kind: 'list', ids: ['d1', 'd2'] });
      await wait('type', { kind: 'type', type: 'lab' });
      await wait('brief', { kind: 'type', type: 'lab' }, 1_000);
      assert.equal(await workspaces.expireReservations(after(999)), 0);
      assert.equal(await workspaces.expireReservations(after(1_000)), 1);
      await workspaces.dissolveDeployment('d1', after(2_000));
      await workspaces.dissolveDeployment('d2', after(2_000));
      const { reservations } = await workspaces.queue();
      assert.deepEqual(
        reservations.map(({ id }) => id),
        ['type'],
      );
      assert.deepEqual(
        (await workspaces.events()).map(({ subjectId, kind }) => `${subjectId} ${kind}`),
        ['brief expired', 'one dissolved', 'list dissolved'],
      );
    });

    test('steps go forward only, are counted, and free the deployment at the end', async t => {
      const world = await queueWorld(t, subject);
      const { workspaces } = world.store;
      await world.ask('i1', 'ada', { options: { eventUrl: 'https://example.com/' } });
      await workspaces.keepPrivateKey('i1', 'secret');
      assert.equal((await workspaces.instance('i1'))?.privateKey, 'secret');
      assert.equal((await world.step('i1', 'ready'))?.status, 'ready');
      assert.equal(await world.step('i1', 'ready'), undefined);
      assert.equal(await world.step('i1', 'failed'), undefined);
      assert.equal((await world.step('i1', 'stopping'))?.status, 'stopping');
      const ended = await world.step('i1', 'ended', after(7));
      assert.deepEqual([ended?.endedAt, ended?.privateKey], [after(7), undefined]);
      assert.equal(await world.step('i1', 'ready'), undefined);
      assert.equal((await workspaces.deployment('d1'))?.finishedCount, 1);
      assert.deepEqual(
        (await workspaces.events()).map(({ kind }) => kind),
        ['starting', 'ready', 'ended'],
      );
      assert.equal((await world.ask('i2', 'ada')).kind, 'started');
    });

    test('failures in a row lock a deployment; one that gets ready begins the count anew', async t => {
      const world = await queueWorld(t, subject);
      const { workspaces } = world.store;
      const fail = async (id: string) => {
        assert.equal((await world.ask(id, 'ada')).kind, 'started');
        await world.step(id, 'failed');
        return (await workspaces.deployment('d1'))?.isLocked;
      };
      assert.deepEqual([await fail('i1'), await fail('i2')], [false, false]);
      await world.ask('i3', 'ada');
      await world.step('i3', 'ready');
      await world.step('i3', 'ended');
      assert.deepEqual([await fail('i4'), await fail('i5'), await fail('i6')], [false, false, true]);
      const refused = await world.ask('i7', 'ada');
      assert.deepEqual(refused, { kind: 'refused', reason: 'locked' });
      await workspaces.lockDeployment('d1', false);
      assert.equal(await fail('i8'), false);
      assert.equal((await workspaces.deployment('d1'))?.finishedCount, 1);
    });

    test('what has ended is forgotten in two steps: its workload, then the instance with its reports', async t => {
      const world = await queueWorld(t, subject);
      const { workspaces, journal } = world.store;
      await world.ask('i1', 'ada');
      for (const n of [1, 2, 3])
        await workspaces.addReport({ instanceId: 'i1', kind: 'k', content: { n }, at: after(n) }, 2);
      await workspaces.addReport({ instanceId: 'gone', kind: 'k', content: {}, at: noon }, 2);
      assert.deepEqual(
        (await workspaces.reports('i1')).map(({ content }) => content),
        [{ n: 2 }, { n: 3 }],
      );
      assert.deepEqual(await workspaces.deleteWorkloadsEndedBefore(after(100_000), 10), []);
      await world.finish('i1');
      assert.deepEqual(await world.store.backends.deleteEndedBefore(after(100_000), 10), []);
      assert.deepEqual(await workspaces.deleteWorkloadsEndedBefore(after(100_000), 10), ['i1']);
      assert.deepEqual(await journal.history('i1'), []);
      assert.equal((await workspaces.instances()).length, 1);
      assert.equal(await workspaces.deleteInstancesEndedBefore(after(100_000), 10), 1);
      assert.deepEqual(await workspaces.instances(), []);
    });

    test('events are kept until they are told or given up', async t => {
      const world = await queueWorld(t, subject);
      await world.ask('i1', 'ada', { options: { eventUrl: 'https://example.com/' } });
      const [event] = await world.store.workspaces.events();
      assert.ok(event);
      await world.store.workspaces.postponeEvent(event.id, 1, after(5_000));
      const reopened = (await world.reopen()).workspaces;
      assert.deepEqual(await reopened.events(), [{ ...event, failures: 1, dueAt: after(5_000) }]);
      await reopened.removeEvent(event.id);
      assert.deepEqual(await reopened.events(), []);
    });

    test('who is deleted waits no more, and nobody of the same name is let in by a rule about them', async t => {
      const world = await queueWorld(t, subject);
      const { users, workspaces } = world.store;
      const user = { ...newAccount('zoe') };
      await users.create(
        { accountId: user.id, name: 'zoe', role: 'manage', passwordHash: 'x', createdAt: noon },
        user,
      );
      await workspaces.putAccessRule({ deploymentId: 'd1', subject: 'zoe', allows: true, createdAt: noon });
      await world.ask('i1', 'ada');
      await world.askAs('r1', user, { waits: true });
      await users.delete(user.id, 'close');
      assert.deepEqual((await workspaces.queue()).reservations, []);
      const subjects = (await workspaces.accessRules()).map(rule => rule.subject);
      assert.ok(!subjects.includes('zoe'));
      assert.equal(await world.store.accounts.byName('zoe'), undefined);
    });
  });
}

interface Ask {
  readonly target?: QueueTarget;
  readonly options?: InstanceOptions;
  readonly waits?: boolean;
  readonly waitMs?: number;
}

/** One deployment, and three accounts. */
async function queueWorld(t: Parameters<typeof makeWorld>[0], subject: StoreUnderTest) {
  const world: World = await makeWorld(t, subject);
  let { store } = world;
  const accounts = new Map<string, Account>();
  for (const name of ['ada', 'bob', 'eve']) {
    const account = newAccount(name);
    accounts.set(name, account);
    await store.accounts.create(account);
  }
  const account = (name: string): Account => {
    const found = accounts.get(name);
    assert.ok(found);
    return found;
  };
  await store.workspaces.createDeployment(newDeployment(account('ada'), 'd1'));

  const askAs = (id: string, { id: accountId, name }: Account, ask: Ask = {}) =>
    store.workspaces.admit(
      id,
      {
        account: { id: accountId, name },
        accounts: [name],
        isExempt: false,
        target: { kind: 'type', type: 'lab' },
        options: {},
        waits: false,
        joinsOwn: false,
        ...ask,
      },
      { ...unlimited, ...online, now: noon },
    );
  const step = (id: string, status: WorkspaceInstance['status'], at = after(1_000)) =>
    store.workspaces.stepInstance(id, status, { at, lockAfterFailures: 3 });
  return {
    get store(): Store {
      return store;
    },
    account: (name: string) => ({ id: account(name).id, name }),
    askAs,
    ask: (id: string, name: string, ask: Ask = {}) => askAs(id, account(name), ask),
    next: (now = after(1_000)) => store.workspaces.nextReservation({ ...unlimited, ...online, now }),
    step,
    finish: async (id: string) => {
      await end(store, id);
      await step(id, 'ended');
    },
    reopen: async () => {
      store = await world.reopen();
      return store;
    },
  };
}

function newDeployment(
  owner: { readonly id: string; readonly name: string },
  id: string,
  changes: Partial<WorkspaceDeployment> = {},
): NewDeployment {
  return {
    id,
    type: 'lab',
    typeVersion: 1,
    kind: 'local',
    description: 'a bench',
    region: 'here:1',
    owner: { id: owner.id, name: owner.name },
    image: { kind: 'host' },
    isHidden: false,
    deniesByDefault: false,
    createdAt: noon,
    ...changes,
  };
}
