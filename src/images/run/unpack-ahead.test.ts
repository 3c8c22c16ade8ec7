import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { makeLayer } from '../testing/layers.ts';
import { ImageWorld } from '../testing/world.ts';

const reference = { kind: 'repository', repository: 'acme/web', reference: 'v1' } as const;
const cannotUnpack = process.getuid?.() !== 0 && 'layers are unpacked by root';
const files = Array.from({ length: 300 }, (_, at) => ({ name: `f${at}`, content: 'x'.repeat(20_000) }));

/** Unpacks ahead until the test ends. */
function unpackAhead(t: TestContext, world: ImageWorld) {
  const stop = new AbortController();
  const told: string[] = [];
  const faults: unknown[] = [];
  const running = world.images.runUnpackAhead(
    (_, reason) => told.push(reason),
    (_, error) => faults.push(error),
    stop.signal,
  );
  const end = async () => {
    stop.abort();
    await running;
  };
  t.after(end);
  return { told, faults, end };
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const limit = AbortSignal.timeout(20_000);
  while (!(await condition())) await delay(10, undefined, { signal: limit });
}

describe('an image that was pushed', { skip: cannotUnpack }, () => {
  const isUnpacked = async (world: ImageWorld, count = 1) =>
    (await world.layerFolders()).filter(name => !name.startsWith('.')).length === count;

  test('is unpacked though nobody has asked for it, once', async t => {
    const world = await ImageWorld.make(t);
    const { told, faults } = unpackAhead(t, world);
    await world.pushImage('v1', [makeLayer(files)]);
    await until(() => isUnpacked(world));
    const image = await world.images.prepare(reference, { signal: AbortSignal.timeout(20_000) });
    const { ino } = await stat(image.layers[0] ?? '');
    await world.pushImage('v2', [makeLayer(files), makeLayer([{ name: 'own', content: 'x' }])]);
    await until(() => isUnpacked(world, 2));
    assert.equal((await stat(image.layers[0] ?? '')).ino, ino);
    assert.deepEqual([told, faults], [[], []]);
  });

  test('is unpacked once with the spawn that comes meanwhile', async t => {
    const world = await ImageWorld.make(t);
    unpackAhead(t, world);
    await world.pushImage('v1', [makeLayer(files)]);
    await until(async () => (await world.layerFolders()).length === 1);
    await world.images.prepare(reference, { signal: AbortSignal.timeout(20_000) });
    assert.equal((await world.layerFolders()).length, 1);
  });

  test('with a bad layer is told, and the next one is unpacked all the same', async t => {
    const world = await ImageWorld.make(t);
    const { told, faults } = unpackAhead(t, world);
    await world.pushImage('v1', [makeLayer([{ name: '../out', content: 'x' }])]);
    await world.pushImage('v2', [makeLayer(files)]);
    await until(() => isUnpacked(world));
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /leads out of the image/);
    assert.deepEqual(faults, []);
  });

  test('is let go when the server stops in the middle, and leaves nothing', async t => {
    const world = await ImageWorld.make(t);
    const { told, faults, end } = unpackAhead(t, world);
    const large = files.map(file => ({ ...file, content: 'x'.repeat(200_000) }));
    await world.pushImage('v1', [makeLayer(large)]);
    await until(async () => (await world.layerFolders()).length === 1);
    await end();
    await until(async () => !(await world.layerFolders()).some(name => name.startsWith('.')));
    assert.deepEqual([told, faults], [[], []]);
  });
});
