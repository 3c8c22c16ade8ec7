import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { digestOf } from '../blobs/digest.ts';
import { type Behaviour, FakeRegistry, goArchitecture, ociIndex } from '../testing/fake-registry.ts';
import { makeLayer, sha256 } from '../testing/layers.ts';
import { ImageWorld } from '../testing/world.ts';
import type { PullEvent } from './progress.ts';
import { parseRemoteReference } from './reference.ts';

const bob = { username: 'bob', password: 's3cret' };
const layers = ['a', 'b', 'c', 'd'].map(name => makeLayer([{ name, content: randomBytes(60_000) }]));

async function setUp(t: TestContext, behaviour: Behaviour = {}, limits = {}) {
  const world = await ImageWorld.make(t, limits);
  const registry = await FakeRegistry.start(behaviour);
  t.after(() => registry[Symbol.asyncDispose]());
  const events: PullEvent[] = [];
  const pull = (reference = 'v1', more: object = {}, signal = AbortSignal.timeout(30_000)) => {
    const separator = reference.includes(':') ? '@' : ':';
    const request = {
      reference: parseRemoteReference(`${registry.host}/team/app${separator}${reference}`),
      tag: 'here',
      plainHttp: false,
      mayBePrivate: true,
      ...more,
    };
    return world.images.pull(world.service, request, event => events.push(event), signal);
  };
  const uploads = async () => await readdir(join(world.dataDir, 'images/uploads'));
  const blobRequests = () => registry.requests.filter(line => line.includes('/blobs/'));
  return { world, registry, events, pull, uploads, blobRequests };
}

describe('a pull from another registry', () => {
  test('brings the image as it is, tells how far it is, and gives it the tag', async t => {
    const { world, registry, events, pull, uploads } = await setUp(t);
    const digest = registry.putImage(layers, 'v1');
    const pulled = await pull();
    const bytes = [...registry.blobs.values()].reduce((sum, blob) => sum + blob.length, 0);
    assert.deepEqual(pulled, {
      digest,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      imageDigest: digest,
      sizeBytes: bytes,
      fetchedBytes: bytes,
    });
    assert.equal((await world.repository.manifest('here')).digest, digest);
    for (const [name, content] of registry.blobs) {
      assert.ok((await world.repository.readBlob(name, 1e6)).equals(content));
    }
    assert.deepEqual(events[0], { kind: 'resolved', digest, blobs: 5, totalBytes: bytes });
    assert.deepEqual(events.at(-1), { kind: 'progress', doneBlobs: 5, blobs: 5, bytes, totalBytes: bytes });
    assert.deepEqual(await uploads(), []);
  });

  test('of an index brings the image for this machine, and keeps the digest of the index', async t => {
    const { world, registry, pull } = await setUp(t);
    const here = registry.putImage(layers.slice(0, 1));
    const elsewhere = registry.putImage(layers.slice(1), undefined, 'pdp11');
    const index = registry.putIndex({ pdp11: elsewhere, [goArchitecture()]: here }, 'v1');
    const pulled = await pull();
    assert.deepEqual([pulled.digest, pulled.imageDigest, pulled.mediaType], [index, here, ociIndex]);
    for (const reference of ['here', index]) {
      assert.equal((await world.repository.manifest(reference)).digest, index);
    }
    await assert.rejects(world.repository.manifest(elsewhere), { code: 'manifest-unknown' });
    assert.equal(await world.repository.hasBlob(sha256(layers[1] ?? Buffer.alloc(0))), false);
  });

  test('by digest takes nothing else', async t => {
    const { world, registry, pull } = await setUp(t);
    const digest = registry.putImage(layers.slice(0, 1), 'v1');
    assert.equal((await pull(digest, { tag: undefined })).digest, digest);
    assert.deepEqual(await world.repository.tags({ limit: 10 }), []);
    registry.manifests.set(digest, { content: Buffer.from('{}'), type: 'application/json' });
    await assert.rejects(pull(digest), { code: 'bad-answer', message: /not of the digest/ });
  });

  test('by a digest of SHA-512 has what it is of', async t => {
    const { world, registry, pull } = await setUp(t);
    const found = registry.manifests.get(registry.putImage(layers.slice(0, 1), 'v1'));
    assert.ok(found);
    const digest = digestOf(found.content, 'sha512');
    registry.manifests.set(digest, found);
    assert.equal((await pull(digest)).digest, digest);
    assert.equal((await world.repository.manifest(digest)).digest, digest);
    const other = digestOf(Buffer.from('other'), 'sha512');
    registry.manifests.set(other, found);
    await assert.rejects(pull(other), { code: 'bad-answer', message: /not of the digest/ });
  });

  test('does not fetch what is there, in any repository of the account', async t => {
    const { world, registry, pull, blobRequests } = await setUp(t);
    registry.putImage(layers, 'v1');
    await world.pushBlob(layers[0] ?? Buffer.alloc(0));
    await world.pushBlob(
      layers[1] ?? Buffer.alloc(0),
      world.images.repository(await world.addService('other')),
    );
    const first = await pull();
    assert.equal(blobRequests().length, 3);
    assert.ok(first.fetchedBytes < first.sizeBytes);
    assert.equal((await pull()).fetchedBytes, 0);
    assert.equal(blobRequests().length, 3);
  });

  for (const auth of ['basic', 'bearer'] as const) {
    test(`signs in (${auth}), and tells when it is not let in`, async t => {
      const { registry, pull } = await setUp(t, { auth });
      registry.putImage(layers.slice(0, 1), 'v1');
      await assert.rejects(pull(), { code: 'denied' });
      const wrong = { username: 'bob', password: 'wr0ng' };
      await assert.rejects(pull('v1', { credentials: wrong }), (error: Error) => {
        assert.match(error.message, /does not let these credentials/);
        assert.doesNotMatch(inspect(error, { depth: 10 }), /wr0ng|bob/);
        return true;
      });
      await pull('v1', { credentials: bob });
    });
  }

  test('gives credentials to nobody whom it is redirected to', async t => {
    const store = await FakeRegistry.start();
    t.after(() => store[Symbol.asyncDispose]());
    const { registry, pull } = await setUp(t, { auth: 'basic', redirect: `${store.url}/v2/team/app/blobs/` });
    registry.putImage(layers.slice(0, 2), 'v1');
    for (const [name, content] of registry.blobs) store.blobs.set(name, content);
    await pull('v1', { credentials: bob });
    assert.equal(store.authorizations.length, 3);
    assert.deepEqual([...new Set(store.authorizations)], [undefined]);
  });

  test('goes on where a connection broke', async t => {
    const { registry, pull, blobRequests, events } = await setUp(t, { cutBlobsAfter: 25_000 });
    const digest = registry.putImage(layers.slice(0, 1), 'v1');
    assert.equal((await pull()).digest, digest);
    // What was on its way when it broke may be lost.
    const starts = blobRequests().flatMap(line => /bytes=(\d+)-$/.exec(line)?.slice(1).map(Number) ?? []);
    assert.ok(
      starts.length > 0 && starts.every((start, at) => start >= (starts[at - 1] ?? 0)),
      starts.join(),
    );
    const retries = events.filter(({ kind }) => kind === 'retrying').length;
    assert.equal(blobRequests().length, retries + 2, 'one for each of two blobs, and those again');
  });

  test('begins a blob anew where the registry sends no parts', async t => {
    const { registry, pull, blobRequests } = await setUp(t, { cutBlobsAfter: 25_000, ignoresRanges: true });
    const digest = registry.putImage(layers.slice(0, 1), 'v1');
    const pulling = pull();
    while (blobRequests().length < 3) await delay(10);
    delete registry.behaviour.cutBlobsAfter;
    assert.equal((await pulling).digest, digest);
  });

  test('waits for a busy registry, but not for ever', async t => {
    const { registry, pull } = await setUp(t, { busy: 3 });
    registry.putImage(layers.slice(0, 1), 'v1');
    await pull();
    registry.behaviour.busy = 1_000;
    registry.putImage(layers.slice(1, 2), 'v2');
    await assert.rejects(pull('v2'), { code: 'unreachable', message: /status 503/ });
  });

  test('that was given up goes on where it was, after a kill of the server, too', async t => {
    const { world, registry, pull, uploads, blobRequests } = await setUp(t, { stallAfter: 30_000 });
    const digest = registry.putImage(layers.slice(0, 1), 'v1');
    const stop = new AbortController();
    const pulling = pull('v1', {}, stop.signal);
    while (world.images.usage.uploadBytes < 30_000) await delay(10);
    await assert.rejects(world.repository.manifest('here'), { code: 'manifest-unknown' });
    stop.abort(new Error('enough'));
    await assert.rejects(pulling, /enough/);
    assert.equal((await uploads()).length, 1);
    await world.reopen();
    delete registry.behaviour.stallAfter;
    assert.equal((await pull()).digest, digest);
    assert.match(blobRequests().at(-1) ?? '', / bytes=30000-$/);
    assert.deepEqual(await uploads(), []);
  });

  test('takes no content that is not of its digest', async t => {
    const { world, registry, pull, uploads } = await setUp(t, { lies: true });
    registry.putImage(layers.slice(0, 1), 'v1');
    await assert.rejects(pull(), { code: 'bad-answer', message: /not of sha256:/ });
    assert.deepEqual(await world.repository.tags({ limit: 10 }), []);
    assert.deepEqual(await uploads(), []);
  });

  test('refuses what can’t be run here, before it fetches more than it must', async t => {
    const { registry, pull, blobRequests } = await setUp(t);
    const elsewhere = registry.putImage(layers, 'v1', 'pdp11');
    registry.putIndex({ pdp11: elsewhere }, 'v2');
    registry.putManifest({ schemaVersion: 1, fsLayers: [] }, 'v3');
    await assert.rejects(pull('v1'), { code: 'unsuitable', message: /is for linux\/pdp11/ });
    assert.equal(blobRequests().length, 1);
    await assert.rejects(pull('v2'), {
      code: 'unsuitable',
      message: /nothing for linux\/\w+, but for linux\/pdp11/,
    });
    await assert.rejects(pull('v3'), { code: 'bad-answer', message: /schemaVersion must be 2/ });
    await assert.rejects(pull('v4'), { code: 'not-found' });
  });

  test('refuses what has no room, before it fetches anything', async t => {
    const { registry, pull, blobRequests } = await setUp(t, {}, { maxStoreBytes: 100_000 });
    registry.putImage(layers, 'v1');
    await assert.rejects(pull(), { code: 'full' });
    assert.deepEqual(blobRequests(), []);
  });

  test('at the same time as another one of the same image fetches each blob once', async t => {
    const { registry, pull, blobRequests } = await setUp(t);
    registry.putImage(layers, 'v1');
    await Promise.all([pull(), pull(), pull()]);
    assert.equal(blobRequests().length, 5);
  });

  test('is one of four of an account at the same time', async t => {
    const { registry, pull, world } = await setUp(t, { stallAfter: 10_000 });
    registry.putImage(layers, 'v1');
    const stop = new AbortController();
    const pulls = Array.from({ length: 4 }, () => pull('v1', {}, stop.signal).catch(() => 'stopped'));
    while (world.images.usage.uploadBytes === 0) await delay(10);
    await assert.rejects(pull(), { code: 'too-many-pulls' });
    stop.abort();
    await Promise.all(pulls);
    delete registry.behaviour.stallAfter;
    await pull();
  });

  test('from a private address is for who may', async t => {
    const { registry, pull } = await setUp(t);
    registry.putImage(layers, 'v1');
    await assert.rejects(pull('v1', { mayBePrivate: false }), { code: 'address-refused' });
    assert.deepEqual(registry.requests, []);
    const { port } = new URL(registry.url);
    const byName = parseRemoteReference(`localhost:${port}/team/app:v1`);
    await assert.rejects(pull('v1', { mayBePrivate: false, reference: byName }), { code: 'address-refused' });
    await pull('v1', { reference: byName });
  });

  test('of a host that is not there says so at once', async t => {
    const { pull } = await setUp(t);
    const nobody = parseRemoteReference('127.0.0.1:1/team/app');
    await assert.rejects(pull('v1', { reference: nobody }), {
      code: 'unreachable',
      message: '127.0.0.1:1: the connection was refused',
    });
  });
});
