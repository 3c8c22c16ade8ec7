import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  after,
  end,
  makeWorld,
  newAccount,
  newBackend,
  newService,
  noon,
  type StoreUnderTest,
  spawn,
} from './world.ts';

const lock = { scope: 'acme/editor', name: 'room 1' };

export function backendPromises(subject: StoreUnderTest): void {
  describe('spawn', () => {
    test('writes a backend with its first status, and reads it back whole', async t => {
      const { store, service } = await makeWorld(t, subject);
      const wanted = newBackend(service, {
        lock,
        access: 'token',
        lifetimeMs: 60_000,
        plan: {
          image: { kind: 'repository', repository: 'acme/editor', reference: 'latest' },
          command: ['node', 'x y'],
          directory: '/srv/app',
          env: { A: 'ü' },
          limits: { cpu: { quotaUs: 50_000, periodUs: 100_000 } },
        },
        createdAt: after(7),
      });

      const { spawned, backend } = await store.backends.spawn(wanted);

      assert.equal(spawned, true);
      const { fencingToken, latest, ...rest } = backend;
      assert.deepEqual(rest, wanted);
      assert.ok(Number.isSafeInteger(fencingToken));
      assert.deepEqual(latest, { workloadId: wanted.id, seq: latest.seq, status: 'scheduled', at: after(7) });
      assert.deepEqual(await store.backends.get(wanted.id), backend);
      assert.deepEqual(await store.journal.history(wanted.id), [latest]);
      assert.equal(await store.backends.get('nothing'), undefined);
    });

    test('notes the time at the service and its environment', async t => {
      const { store, account } = await makeWorld(t, subject);
      const service = newService(account, 'two');
      const beta = { name: 'beta', imageTag: 'v2', createdAt: noon };
      await store.services.create({ ...service, environments: [...service.environments, beta] });

      await store.backends.spawn(newBackend(service, { environmentName: 'beta', createdAt: after(9) }));

      const noted = await store.services.byName(account.id, 'two');
      assert.deepEqual(noted?.lastSpawnedAt, after(9));
      assert.deepEqual(noted.environments, [...service.environments, { ...beta, lastSpawnedAt: after(9) }]);
      assert.equal((await store.services.byName(account.id, 'editor'))?.lastSpawnedAt, undefined);
    });

    test('of one lock by fifty at once makes one backend that all of them get', async t => {
      const { store, service, account } = await makeWorld(t, subject);
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => store.backends.spawn(newBackend(service, { lock }))),
      );
      assert.equal(answers.filter(answer => answer.spawned).length, 1);
      assert.equal(new Set(answers.map(answer => answer.backend.id)).size, 1);
      assert.equal((await store.backends.live(account.id)).length, 1);
    });

    test('of a held lock writes nothing and returns the holder as it is now', async t => {
      const world = await makeWorld(t, subject);
      const { store, service } = world;
      const holder = await spawn(world, { lock });
      const loading = await store.journal.append({ workloadId: holder.id, status: 'loading', at: after(5) });
      const late = newBackend(service, { lock, createdAt: after(60_000) });

      const answer = await store.backends.spawn(late);

      assert.deepEqual(answer, { spawned: false, backend: { ...holder, latest: loading } });
      assert.equal(await store.backends.get(late.id), undefined);
      assert.deepEqual(await store.journal.history(late.id), []);
      assert.deepEqual((await store.services.byName(service.accountId, service.name))?.lastSpawnedAt, noon);
    });

    test('takes locks of different scopes and names as different, and needs none', async t => {
      const { store, service } = await makeWorld(t, subject);
      const locks = [
        lock,
        { ...lock, scope: 'acme/other' },
        { ...lock, name: 'Room 1' },
        { ...lock, name: '🛶' },
      ];
      for (const one of locks) {
        const { spawned, backend } = await store.backends.spawn(newBackend(service, { lock: one }));
        assert.equal(spawned, true);
        assert.deepEqual(await store.backends.holder(one), backend);
      }
      for (let count = 0; count < 2; count++) {
        assert.equal((await store.backends.spawn(newBackend(service))).spawned, true);
      }
    });

    test('of an id that exists fails and leaves its lock free', async t => {
      const world = await makeWorld(t, subject);
      const { id } = await spawn(world);
      await assert.rejects(world.store.backends.spawn(newBackend(world.service, { id, lock })));
      assert.equal(await world.store.backends.holder(lock), undefined);
      assert.equal((await world.store.backends.spawn(newBackend(world.service, { lock }))).spawned, true);
    });
  });

  describe('a fencing token', () => {
    test('rises with every backend, also when the clock is set back', async t => {
      const world = await makeWorld(t, subject);
      const tokens: number[] = [];
      for (const now of [noon, noon, after(60_000), noon, after(-60_000)]) {
        world.clock.set(now);
        tokens.push((await spawn(world)).fencingToken);
      }
      assert.deepEqual(
        tokens,
        [...new Set(tokens)].toSorted((a, b) => a - b),
      );
    });

    test('rises across a restart with the clock set back, though every backend is gone', async t => {
      const world = await makeWorld(t, subject);
      const before = await spawn(world);
      await end(world.store, before.id);
      await world.store.backends.deleteEndedBefore(after(10_000), 10);

      const store = await world.reopen();
      world.clock.set(after(-60_000));
      const { backend } = await store.backends.spawn(newBackend(world.service));
      assert.ok(backend.fencingToken > before.fencingToken);
    });
  });

  describe('a lock', () => {
    test('is held until its backend has terminated, not only been asked to', async t => {
      const world = await makeWorld(t, subject);
      const { store, service } = world;
      const holder = await spawn(world, { lock });
      for (const status of ['terminating', 'hard-terminating'] as const) {
        await store.journal.append({ workloadId: holder.id, status, at: after(1), reason: 'external' });
        assert.equal((await store.backends.spawn(newBackend(service, { lock }))).spawned, false);
      }
      await end(store, holder.id);
      assert.equal(await store.backends.holder(lock), undefined);

      const next = await store.backends.spawn(newBackend(service, { lock }));
      assert.equal(next.spawned, true);
      assert.deepEqual((await store.backends.holder(lock))?.id, next.backend.id);
      assert.deepEqual((await store.backends.get(holder.id))?.lock, lock);
    });
  });

  describe('live', () => {
    test('lists what has not terminated, newest first, of one account or of all', async t => {
      const world = await makeWorld(t, subject);
      const { store, account } = world;
      const other = newAccount('other');
      await store.accounts.create(other);
      const first = await spawn(world);
      const ended = await spawn(world);
      const foreign = await spawn(world, { accountId: other.id });
      const last = await spawn(world);
      const terminating = await store.journal.append({
        workloadId: first.id,
        status: 'terminating',
        at: after(1),
      });
      await end(store, ended.id);

      assert.deepEqual(await store.backends.live(account.id), [last, { ...first, latest: terminating }]);
      assert.deepEqual(
        (await store.backends.live()).map(backend => backend.id),
        [last.id, foreign.id, first.id],
      );
      assert.deepEqual(await store.backends.live('nobody'), []);
    });
  });

  describe('deleteEndedBefore', () => {
    test('takes back ended backends, oldest first, with all that belongs to them', async t => {
      const world = await makeWorld(t, subject);
      const { store } = world;
      const running = await spawn(world);
      const ids: string[] = [];
      for (const at of [after(300), after(100), after(200), after(400)]) {
        const { id } = await spawn(world);
        await end(store, id, at);
        ids.push(id);
      }
      const [third, first, second, late] = ids;

      assert.deepEqual(await store.backends.deleteEndedBefore(after(400), 2), [first, second]);
      assert.deepEqual(await store.backends.deleteEndedBefore(after(400), 2), [third]);
      assert.deepEqual(await store.backends.deleteEndedBefore(after(400), 2), []);

      for (const id of [first, second, third]) {
        assert.ok(id);
        assert.equal(await store.backends.get(id), undefined);
        assert.deepEqual(await store.journal.history(id), []);
      }
      assert.notEqual(await store.backends.get(late ?? ''), undefined);
      assert.deepEqual(await store.backends.get(running.id), running);
    });
  });
}
