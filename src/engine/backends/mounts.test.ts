import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { engineWorld } from '../testing/world.ts';
import { removeOrphanedVolumes } from './volume-retention.ts';

const mount = { folder: { of: 'lock' }, target: '/data', variable: 'DATA', field: 'mount' } as const;
const lock = { name: 'doc 1/..', scope: 'service', field: 'key' } as const;

test('a backend gets the folder of its lock, and a variable that says where it is', async t => {
  const world = await engineWorld(t);
  for (const bound of [true, false]) {
    world.runtime.mounts = bound;
    const { backend } = await world.spawn('listens', { lock, mount, env: { DATA: 'x', A: 'y' } });
    await world.reaches(backend.id, 'ready');
    const spec = world.runtime.specs.get(backend.id);
    const [made] = spec?.mounts ?? [];
    assert.match(made?.source ?? '', /volumes\/service\/[a-z0-9]{16}\/[0-9a-f]{64}$/);
    assert.deepEqual([made?.target, made?.readonly, made?.handOver], ['/data', false, true]);
    assert.deepEqual(spec?.env, { DATA: bound ? '/data' : made?.source, A: 'y' });
    await world.engine.backends.terminate(backend.id, 'hard');
    await world.reaches(backend.id, 'terminated');
  }
});

test('a folder that can not be opened ends the backend with the cause', async t => {
  const world = await engineWorld(t);
  const owner = { kind: 'account', id: world.account.id } as const;
  await using a = await world.volumes.open({ owner, path: 'a' });
  await symlink('/etc', join(a.path, 'out'));
  const { backend } = await world.spawn('listens', {
    mount: { ...mount, folder: { of: 'account', path: 'a/out' } },
  });
  const end = await world.reaches(backend.id, 'terminated');
  assert.equal(end.reason, 'start-error');
  assert.deepEqual(world.notes, ["berth: the folder a/out can't be mounted: out is no folder"]);
});

test('volumes of a deleted service are kept while it has live backends', async t => {
  const world = await engineWorld(t);
  const service = await world.service('listens');
  const { backend } = await world.spawn('listens', { lock, mount });
  await world.reaches(backend.id, 'ready');
  const collect = () =>
    removeOrphanedVolumes({
      volumes: world.volumes,
      services: world.store.services,
      isInUse: id => world.engine.backends.areLive(id),
    });
  const left = () => world.volumes.owners('service');
  await collect();
  assert.deepEqual(await left(), [service.id]);
  await world.engine.services.delete(world.account, service.name);
  await collect();
  assert.deepEqual(await left(), [service.id], 'a backend uses it');
  await world.engine.backends.terminate(backend.id, 'hard');
  await world.reaches(backend.id, 'terminated');
  await collect();
  assert.deepEqual(await left(), []);
});
