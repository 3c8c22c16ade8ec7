import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineWorld } from '../testing/world.ts';

const digest = (character: string) => `sha256:${character.repeat(64)}`;

test('a backend runs from the image that its tag meant at first, whatever is pushed meanwhile', async t => {
  const world = await engineWorld(t);
  const { runtime } = world;
  runtime.digests.set('latest', digest('1'));
  runtime.loading = new Promise(() => {});
  const { backend } = await world.spawn();
  const noted = async () => (await world.engine.backends.get(backend.id))?.imageDigest;
  while ((await noted()) === undefined) await new Promise(setImmediate);
  await world.restart(() => {
    runtime.digests.set('latest', digest('2'));
    runtime.loading = Promise.resolve();
  });
  assert.equal(await noted(), digest('1'));
  await world.reaches(backend.id, 'ready');
  assert.deepEqual(
    runtime.prepared.map(image => image.kind === 'repository' && image.reference),
    [digest('1'), digest('1')],
  );
  const next = await world.spawn();
  await world.reaches(next.backend.id, 'ready');
  assert.equal((await world.engine.backends.get(next.backend.id))?.imageDigest, digest('2'));
  await world.engine.backends.terminate(backend.id, 'hard');
  await world.reaches(backend.id, 'terminated');
  assert.equal(await noted(), digest('1'));
});

test('a command has no image', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn('listens');
  await world.reaches(backend.id, 'ready');
  assert.equal((await world.engine.backends.get(backend.id))?.imageDigest, undefined);
});
