import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Sandbox, SandboxBoot, SandboxService } from '../store.ts';
import { after, end, makeWorld, newAccount, noon, type StoreUnderTest, type World } from './world.ts';

export function sandboxPromises(subject: StoreUnderTest): void {
  describe('sandboxes', () => {
    test('a sandbox is listed as it was created, by account and name, also after a restart', async t => {
      const world = await makeWorld(t, subject);
      const [b, a] = [newSandbox(world, 'b'), newSandbox(world, 'a')];
      for (const sandbox of [b, a]) assert.equal(await world.store.sandboxes.create(sandbox), true);
      assert.deepEqual(await world.store.sandboxes.list(), [a, b]);
      assert.deepEqual(await (await world.reopen()).sandboxes.list(), [a, b]);
    });

    test('a name is given once per account, a host once on the whole server', async t => {
      const world = await makeWorld(t, subject);
      const other = newAccount('other');
      await world.store.accounts.create(other);
      const { sandboxes } = world.store;
      const first = newSandbox(world, 'box');
      assert.equal(await sandboxes.create(first), true);
      assert.equal(await sandboxes.create(newSandbox(world, 'box', { host: 'elsewhere' })), false);
      assert.equal(
        await sandboxes.create(newSandbox(world, 'box', { accountId: other.id, host: first.host })),
        false,
      );
      const twin = newSandbox(world, 'box', { accountId: other.id, host: 'box-other' });
      assert.equal(await sandboxes.create(twin), true);
    });

    test('what is changed stays changed, null takes a value back, the rest stays', async t => {
      const world = await makeWorld(t, subject);
      const sandbox = newSandbox(world, 'box');
      const { sandboxes } = world.store;
      await sandboxes.create(sandbox);
      const settings = { ...sandbox.settings, labels: ['x'] };
      const change = { settings, updatedAt: after(1), bootError: 'no room', checkpoint: 3 };
      assert.deepEqual(await sandboxes.change(sandbox.id, change), { ...sandbox, ...change });
      const { bootError: _, ...rest } = change;
      const expected = { ...sandbox, ...rest, lastRunningAt: after(2), lastWarmAt: after(3) };
      assert.deepEqual(
        await sandboxes.change(sandbox.id, {
          bootError: null,
          lastRunningAt: after(2),
          lastWarmAt: after(3),
        }),
        expected,
      );
      assert.deepEqual(await (await world.reopen()).sandboxes.list(), [expected]);
      assert.equal(await sandboxes.change('gone', change).catch(() => undefined), undefined);
    });

    test('one boot at a time is live, whoever asks', async t => {
      const world = await makeWorld(t, subject);
      const sandbox = newSandbox(world, 'box');
      const { sandboxes } = world.store;
      await sandboxes.create(sandbox);
      const asked = await Promise.all(['w1', 'w2', 'w3'].map(id => sandboxes.boot(newBoot(sandbox, id))));
      assert.deepEqual(
        asked.map(entry => entry?.status),
        ['scheduled', undefined, undefined],
      );
      const [live, ...others] = await sandboxes.liveBoots();
      assert.deepEqual(others, []);
      assert.deepEqual(live, { ...newBoot(sandbox, 'w1'), latest: asked[0] });
      assert.equal(await sandboxes.boot(newBoot(newSandbox(world, 'gone'), 'w4')), undefined);
    });

    test('the next boot forgets the one that has ended', async t => {
      const world = await makeWorld(t, subject);
      const sandbox = newSandbox(world, 'box');
      const { sandboxes, journal } = world.store;
      await sandboxes.create(sandbox);
      await sandboxes.boot(newBoot(sandbox, 'w1'));
      await end(world.store, 'w1');
      assert.deepEqual(await sandboxes.liveBoots(), []);
      assert.equal((await journal.history('w1')).length, 2);
      assert.notEqual(await sandboxes.boot(newBoot(sandbox, 'w2')), undefined);
      assert.deepEqual(await journal.history('w1'), []);
    });

    test('boots are no backends, and the other way round', async t => {
      const world = await makeWorld(t, subject);
      const sandbox = newSandbox(world, 'box');
      await world.store.sandboxes.create(sandbox);
      await world.store.sandboxes.boot(newBoot(sandbox, 'w1'));
      assert.deepEqual(await world.store.backends.live(), []);
      assert.equal(await world.store.backends.get('w1'), undefined);
      await end(world.store, 'w1');
      assert.deepEqual(await world.store.backends.deleteEndedBefore(after(100_000), 10), []);
    });

    test('a sandbox with a live boot is not deleted; without, all of it goes', async t => {
      const world = await makeWorld(t, subject);
      const sandbox = newSandbox(world, 'box');
      const { sandboxes } = world.store;
      await sandboxes.create(sandbox);
      await sandboxes.putService(newService(sandbox, 'web'));
      await sandboxes.addCheckpoint({ sandboxId: sandbox.id, number: 1, createdAt: noon });
      await sandboxes.boot(newBoot(sandbox, 'w1'));
      assert.equal(await sandboxes.delete(sandbox.id), false);
      await end(world.store, 'w1');
      assert.equal(await sandboxes.delete(sandbox.id), true);
      assert.equal(await sandboxes.delete(sandbox.id), false);
      assert.deepEqual(await sandboxes.list(), []);
      assert.deepEqual(await sandboxes.serviceIds(), []);
      assert.deepEqual(await sandboxes.checkpoints(sandbox.id), []);
      assert.deepEqual(await world.store.journal.history('w1'), []);
    });
  });

  describe('services of a sandbox', () => {
    test('are listed by name, and written over by id', async t => {
      const world = await makeWorld(t, subject);
      const sandbox = newSandbox(world, 'box');
      const { sandboxes } = world.store;
      await sandboxes.create(sandbox);
      const [web, db] = [newService(sandbox, 'web'), newService(sandbox, 'db')];
      for (const service of [web, db]) assert.equal(await sandboxes.putService(service), true);
      assert.deepEqual(await sandboxes.services(sandbox.id), [db, web]);
      const changed: SandboxService = {
        ...web,
        definition: { command: ['node', 'a b.js'], needs: ['db'], httpPort: 3000, restart: 'never' },
        desired: 'stopped',
        progress: {
          runId: 'r1',
          startedAt: after(5),
          restartCount: 2,
          error: 'exited with code 1',
          exitCode: 1,
          isOutdated: true,
        },
      };
      await sandboxes.putService(changed);
      const reopened = await world.reopen();
      assert.deepEqual(await reopened.sandboxes.services(sandbox.id), [db, changed]);
      assert.deepEqual((await reopened.sandboxes.serviceIds()).toSorted(), [db.id, web.id].toSorted());
      assert.equal(await reopened.sandboxes.deleteService(web.id), true);
      assert.equal(await reopened.sandboxes.deleteService(web.id), false);
      assert.deepEqual(await reopened.sandboxes.services(sandbox.id), [db]);
    });

    test('have a sandbox', async t => {
      const world = await makeWorld(t, subject);
      assert.equal(
        await world.store.sandboxes.putService(newService(newSandbox(world, 'gone'), 'web')),
        false,
      );
    });
  });

  describe('tasks of a sandbox', () => {
    test('are written over by name, taken back, and go with their sandbox', async t => {
      const world = await makeWorld(t, subject);
      const sandbox = newSandbox(world, 'box');
      const { sandboxes } = world.store;
      await sandboxes.create(sandbox);
      const task = { sandboxId: sandbox.id, name: 'agent', startedAt: noon, expiresAt: after(1_000) };
      assert.equal(await sandboxes.putTask(task), true);
      const longer = { ...task, expiresAt: after(2_000) };
      assert.equal(await sandboxes.putTask(longer), true);
      assert.equal(await sandboxes.putTask({ ...task, sandboxId: 'gone' }), false);
      const other = { ...task, name: 'build' };
      await sandboxes.putTask(other);
      const reopened = (await world.reopen()).sandboxes;
      assert.deepEqual(await reopened.tasks(), [longer, other]);
      assert.equal(await reopened.deleteTask(sandbox.id, 'build'), true);
      assert.equal(await reopened.deleteTask(sandbox.id, 'build'), false);
      await reopened.delete(sandbox.id);
      assert.deepEqual(await reopened.tasks(), []);
    });
  });

  describe('checkpoints of a sandbox', () => {
    test('numbers rise and are never given twice; the newest comes first', async t => {
      const world = await makeWorld(t, subject);
      const sandbox = newSandbox(world, 'box');
      const { sandboxes } = world.store;
      await sandboxes.create(sandbox);
      assert.equal(await sandboxes.nextCheckpoint(sandbox.id), 1);
      assert.equal(await sandboxes.nextCheckpoint(sandbox.id), 2);
      assert.equal(await sandboxes.nextCheckpoint('gone'), undefined);
      const first = { sandboxId: sandbox.id, number: 1, createdAt: noon };
      const second = { ...first, number: 2, comment: 'before the update', source: 1, createdAt: after(1) };
      for (const checkpoint of [first, second]) await sandboxes.addCheckpoint(checkpoint);
      assert.deepEqual(await sandboxes.checkpoints(sandbox.id), [second, first]);
      assert.equal(await sandboxes.deleteCheckpoint(sandbox.id, 2), true);
      assert.equal(await sandboxes.deleteCheckpoint(sandbox.id, 2), false);
      const reopened = await world.reopen();
      assert.deepEqual(await reopened.sandboxes.checkpoints(sandbox.id), [first]);
      assert.equal(await reopened.sandboxes.nextCheckpoint(sandbox.id), 3);
    });
  });
}

function newSandbox({ account }: World, name: string, changes: Partial<Sandbox> = {}): Sandbox {
  return {
    id: `id-${name}`,
    accountId: account.id,
    name,
    host: `${name}-abc123`,
    image: { kind: 'host' },
    settings: {
      access: 'owner',
      labels: ['a'],
      environment: { COLOR: 'green' },
      limits: {},
      networkPolicy: [{ domain: '*.example.com', action: 'allow' }],
      notes: { region: 'here' },
    },
    createdAt: noon,
    updatedAt: noon,
    ...changes,
    ...(changes.accountId && { id: `id-${name}-2` }),
  };
}

function newBoot(sandbox: Sandbox, id: string): SandboxBoot {
  return {
    id,
    sandboxId: sandbox.id,
    plan: { image: sandbox.image, env: {}, limits: {} },
    createdAt: noon,
  };
}

function newService(sandbox: Sandbox, name: string): SandboxService {
  return {
    id: `${sandbox.id}-${name}`,
    sandboxId: sandbox.id,
    name,
    definition: { command: [name], needs: [] },
    desired: 'running',
    progress: { restartCount: 0 },
  };
}
