import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { makeLayer, sha256 } from './testing/layers.ts';
import { chunksOf, ImageWorld, nothingInUse } from './testing/world.ts';

const hour = 3_600_000;
const limits = {
  unusedBlobMs: hour,
  untaggedManifestMs: 24 * hour,
  uploadIdleMs: 6 * hour,
  unusedLayerMs: 48 * hour,
};
const year = 365 * 24 * hour;
const layer = makeLayer([{ name: 'file', content: 'content' }]);
const cannotUnpack = process.getuid?.() !== 0 && 'layers are unpacked by root';
const reference = { kind: 'repository', repository: 'acme/web', reference: 'v1' } as const;
const signal = AbortSignal.timeout(60_000);

describe('the collection of garbage', () => {
  test('leaves images that have a tag, however old', async t => {
    const world = await ImageWorld.make(t, limits);
    await world.pushImage('v1', [layer]);
    const before = await world.stored();
    world.clock.pass(year);
    assert.equal(await world.images.collectGarbage(nothingInUse), 0);
    assert.deepEqual(await world.stored(), before);
  });

  test('takes an image without tag when its time is over, but for what others need', async t => {
    const world = await ImageWorld.make(t, limits);
    const own = randomBytes(1_000);
    await world.pushImage('v1', [layer, own]);
    await world.pushImage('v2', [layer]);
    await world.repository.deleteManifest('v1');
    world.clock.pass(23 * hour);
    await world.images.collectGarbage(nothingInUse);
    assert.ok((await world.stored()).includes(sha256(own)));
    world.clock.pass(2 * hour);
    const { blobBytes } = world.images.usage;
    const freed = await world.images.collectGarbage(nothingInUse);
    assert.ok(freed >= own.length);
    assert.equal(world.images.usage.blobBytes, blobBytes - freed);
    const stored = await world.stored();
    assert.ok(!stored.includes(sha256(own)));
    assert.ok(stored.includes(sha256(layer)));
    assert.equal(stored.length, 3);
  });

  test('leaves an image without tag that a workload runs from', async t => {
    const world = await ImageWorld.make(t, limits);
    const digest = await world.pushImage('v1', [layer]);
    await world.repository.deleteManifest('v1');
    world.clock.pass(year);
    await world.images.collectGarbage({ ...nothingInUse, digests: new Set([digest]) });
    assert.equal((await world.stored()).length, 3);
    await world.images.collectGarbage(nothingInUse);
    assert.deepEqual(await world.stored(), []);
    assert.equal(world.images.usage.blobBytes, 0);
  });

  test('takes the parts of an index after the index', async t => {
    const world = await ImageWorld.make(t, limits);
    const digest = await world.pushImage('part', [layer]);
    const item = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1 };
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [item] }));
    await world.repository.putManifest('v1', index);
    await world.repository.deleteManifest('part');
    world.clock.pass(year);
    await world.images.collectGarbage(nothingInUse);
    assert.equal((await world.stored()).length, 4);
    await world.repository.deleteManifest('v1');
    await world.images.collectGarbage(nothingInUse);
    assert.deepEqual(await world.stored(), []);
  });

  test('leaves blobs of a push under way: young ones, and those that were just asked for', async t => {
    const world = await ImageWorld.make(t, limits);
    const [asked, forgotten, young] = [randomBytes(10), randomBytes(10), randomBytes(10)];
    for (const content of [asked, forgotten]) await world.pushBlob(content);
    world.clock.pass(2 * hour);
    await world.repository.blob(sha256(asked));
    await world.pushBlob(young);
    await world.images.collectGarbage(nothingInUse);
    assert.deepEqual(await world.stored(), [sha256(asked), sha256(young)].sort());
  });

  test('leaves a blob that another repository has', async t => {
    const world = await ImageWorld.make(t, limits);
    const other = await world.addService('other');
    const digest = await world.pushBlob(layer);
    assert.equal(await world.images.repository(other).mount(digest, world.service), true);
    await world.repository.deleteBlob(digest);
    await world.images.collectGarbage(nothingInUse);
    assert.deepEqual(await world.stored(), [digest]);
    await world.images.repository(other).deleteBlob(digest);
    world.clock.pass(2 * hour);
    await world.images.collectGarbage(nothingInUse);
    assert.deepEqual(await world.stored(), []);
  });

  test('never takes a blob that is pushed at the same time', async t => {
    const world = await ImageWorld.make(t, { ...limits, unusedBlobMs: 0 });
    for (let round = 0; round < 20; round++) {
      const content = randomBytes(5_000);
      const collecting = world.images.collectGarbage(nothingInUse);
      const pushing = Promise.all([world.pushBlob(content), world.pushBlob(content)]);
      await Promise.all([collecting, pushing]);
      const record = await world.store.images.blob(world.service.id, sha256(content));
      const isStored = (await world.stored()).includes(sha256(content));
      assert.equal(isStored, record !== undefined, 'a blob without file, or a file without blob');
    }
  });

  test('takes uploads that nobody goes on with, and tells what they took', async t => {
    const world = await ImageWorld.make(t, limits);
    const id = await world.repository.beginUpload();
    await world.repository.appendUpload(id, chunksOf(randomBytes(30_000)), {});
    assert.equal(world.images.usage.uploadBytes, 30_000);
    assert.equal(await world.images.collectGarbage(nothingInUse), 0);
    world.clock.pass(7 * hour);
    assert.equal(await world.images.collectGarbage(nothingInUse), 30_000);
    assert.equal(world.images.usage.uploadBytes, 0);
    await assert.rejects(world.repository.uploadSize(id), { code: 'upload-unknown' });
  });

  test('takes unpacked layers long after their last use, but for those in use', {
    skip: cannotUnpack,
  }, async t => {
    const world = await ImageWorld.make(t, limits);
    await world.pushImage('v1', [layer]);
    const { layers } = await world.images.prepare(reference, { signal });
    world.clock.pass(47 * hour);
    await world.images.prepare(reference, { signal });
    world.clock.pass(47 * hour);
    await world.images.collectGarbage(nothingInUse);
    assert.equal((await world.layerFolders()).length, 1);
    world.clock.pass(2 * hour);
    await world.images.collectGarbage({ ...nothingInUse, layers: new Set(layers) });
    assert.equal((await world.layerFolders()).length, 1);
    assert.ok(world.images.usage.layerBytes > 0);
    await world.images.collectGarbage(nothingInUse);
    assert.deepEqual(await world.layerFolders(), []);
    assert.equal(world.images.usage.layerBytes, 0);
    const again = await world.images.prepare(reference, { signal });
    assert.deepEqual(again.layers, layers);
  });

  test('takes the layers that were not used for longest where all take too much', {
    skip: cannotUnpack,
  }, async t => {
    const { world, layers, prepare, folderOf } = await fullOfLayers(t);
    world.images.setInUse(async () => nothingInUse);
    await prepare(3);
    assert.deepEqual(await world.layerFolders(), [0, 2, 3].map(folderOf).sort());
    assert.equal(world.images.usage.layerBytes, 3 * (layers[0]?.length ?? 0));
  });

  test('takes no layer in use or just asked for: what has no room is refused', {
    skip: cannotUnpack,
  }, async t => {
    const { world, prepare, folderOf } = await fullOfLayers(t);
    const inUse = [1, 2].map(at => join(world.dataDir, 'images/layers', folderOf(at), 'fs'));
    world.images.setInUse(async () => ({ ...nothingInUse, layers: new Set(inUse) }));
    const before = world.images.usage;
    await assert.rejects(prepare(3), { code: 'image-error', message: /bytes of unpacked images at most/ });
    assert.deepEqual(await world.layerFolders(), [0, 1, 2].map(folderOf).sort());
    assert.deepEqual(world.images.usage, before);
    world.clock.pass(hour);
    await prepare(3);
    assert.deepEqual(await world.layerFolders(), [1, 2, 3].map(folderOf).sort());
  });
});

/** A store with room for three layers that has those; the one of the second image was not used for longest. */
async function fullOfLayers(t: TestContext) {
  const world = await ImageWorld.make(t, { ...limits, maxLayersBytes: 3 * layer.length });
  const layers = ['a', 'b', 'c', 'd'].map(content => makeLayer([{ name: 'file', content }]));
  const prepare = (at: number) =>
    world.images.prepare({ ...reference, reference: `v${at}` }, { signal: AbortSignal.timeout(60_000) });
  for (const [at, one] of layers.entries()) {
    await world.pushImage(`v${at}`, [one]);
    if (at < 3) await prepare(at);
    world.clock.pass(1_000);
  }
  world.clock.pass(2 * hour);
  await prepare(0);
  const folderOf = (at: number) => sha256(layers[at] ?? Buffer.alloc(0)).slice(7, 23);
  return { world, layers, prepare, folderOf };
}
