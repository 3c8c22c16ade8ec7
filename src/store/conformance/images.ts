import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ManifestNeed, ManifestRecord } from '../store.ts';
import { after, end, makeWorld, newService, noon, type StoreUnderTest, spawn, type World } from './world.ts';

/** Repositories of images: blobs, manifests, tags. */
export function imagePromises(subject: StoreUnderTest): void {
  describe('blobs of repositories', () => {
    test('a blob is in the repositories that it was brought to, and found in its account', async t => {
      const world = await makeWorld(t, subject);
      const { store, account, service } = world;
      const other = await addService(world, 'other');
      const blob = { digest: digest('a'), sizeBytes: 10 };

      assert.equal(await store.images.addBlob(service.id, blob, noon), true);
      assert.equal(await store.images.addBlob(service.id, blob, after(1)), true);
      assert.deepEqual(await store.images.blob(service.id, blob.digest), blob);
      assert.equal(await store.images.blob(other.id, blob.digest), undefined);
      assert.deepEqual(await store.images.blobOfAccount(account.id, blob.digest), blob);
      assert.equal(await store.images.blobOfAccount('nobody', blob.digest), undefined);
      assert.equal(await store.images.addBlob('no service', blob, noon), false);
    });

    test('a blob that a manifest needs can’t be deleted', async t => {
      const world = await makeWorld(t, subject);
      const { store, service } = world;
      await addBlobs(world, 'a', 'b');
      await store.images.putManifest(manifest(world, 'm', [blobNeed('a')]));

      assert.equal(await store.images.deleteBlob(service.id, digest('a')), 'needed');
      assert.equal(await store.images.deleteBlob(service.id, digest('b')), 'deleted');
      assert.equal(await store.images.deleteBlob(service.id, digest('b')), 'unknown');
      await store.images.deleteManifest(service.id, digest('m'));
      assert.equal(await store.images.deleteBlob(service.id, digest('a')), 'deleted');
    });
  });

  describe('manifests', () => {
    test('a manifest is found by digest and by tag, as it was put', async t => {
      const world = await makeWorld(t, subject);
      const { store, service } = world;
      await addBlobs(world, 'a', 'b');
      const whole: ManifestRecord = {
        ...manifest(world, 'm', [blobNeed('a'), blobNeed('b')]),
        subject: digest('s'),
        artifactType: 'application/x',
        annotations: { 'org.example': '⚓' },
      };

      assert.deepEqual(await store.images.putManifest(whole, 'v1'), { missing: [] });
      assert.deepEqual(await store.images.manifest(service.id, digest('m')), whole);
      assert.deepEqual(await store.images.manifestOfTag(service.id, 'v1'), whole);
      assert.equal(await store.images.manifestOfTag(service.id, 'V1'), undefined);
      assert.equal(await store.images.manifest('other', digest('m')), undefined);
    });

    test('one that names what its repository lacks is not written', async t => {
      const world = await makeWorld(t, subject);
      const { store, service } = world;
      const other = await addService(world, 'other');
      await addBlobs(world, 'a');
      await store.images.addBlob(other.id, { digest: digest('b'), sizeBytes: 1 }, noon);
      const needs = [blobNeed('a'), blobNeed('b'), { digest: digest('c'), kind: 'manifest' } as const];

      const { missing } = await store.images.putManifest(manifest(world, 'm', needs), 'v1');
      assert.deepEqual(missing.toSorted(), [digest('b'), digest('c')]);
      assert.equal(await store.images.manifest(service.id, digest('m')), undefined);
      assert.deepEqual(await store.images.newestTags(service.id, 10), []);
    });

    test('one that nobody needs is deleted, another one not', async t => {
      const world = await makeWorld(t, subject);
      const { store, service } = world;
      await store.images.putManifest(manifest(world, 'tagged'), 'v1');
      await store.images.putManifest(manifest(world, 'part'));
      await store.images.putManifest(
        manifest(world, 'index', [{ digest: digest('part'), kind: 'manifest' } as const]),
      );
      const remove = async (name: string) =>
        await store.images.deleteUnusedManifest(service.id, digest(name));
      assert.deepEqual(
        [await remove('tagged'), await remove('part'), await remove('none')],
        [false, false, false],
      );
      assert.deepEqual([await remove('index'), await remove('part')], [true, true]);
      await store.images.deleteTag(service.id, 'v1');
      assert.deepEqual([await remove('tagged'), await remove('tagged')], [true, false]);
    });

    test('all that a repository has is told at once', async t => {
      const world = await makeWorld(t, subject);
      const { store, service } = world;
      const other = await addService(world, 'other');
      await addBlobs(world, 'a', 'b');
      const older = { ...manifest(world, 'm', [blobNeed('a'), blobNeed('b')]), pushedAt: after(1) };
      const newer = { ...manifest(world, 'n'), pushedAt: after(2) };
      await store.images.putManifest(older, 'v1');
      await store.images.putManifest(newer, 'V2');
      await store.images.putManifest(older, 'also');
      const { manifests, tags, blobs } = await store.images.contents(service.id);
      assert.deepEqual(manifests, [newer, older]);
      assert.deepEqual(
        tags.map(({ name, digest: of }) => [name, of]),
        [
          ['also', digest('m')],
          ['v1', digest('m')],
          ['V2', digest('n')],
        ],
      );
      assert.deepEqual(
        blobs.map(({ digest: name }) => name),
        [digest('a'), digest('b')].toSorted(),
      );
      const nothing = { manifests: [], tags: [], blobs: [] };
      assert.deepEqual(await store.images.contents(other.id), nothing);
      assert.deepEqual(await store.images.contents('no service'), nothing);
    });

    test('referrers of a manifest are found, also before it is there', async t => {
      const world = await makeWorld(t, subject);
      const { store, service } = world;
      for (const name of ['b', 'a']) {
        await store.images.putManifest({ ...manifest(world, name), subject: digest('s') });
      }
      await store.images.putManifest(manifest(world, 'c'));
      const found = await store.images.referrers(service.id, digest('s'));
      assert.deepEqual(
        found.map(({ digest: name }) => name),
        [digest('a'), digest('b')],
      );
    });

    test('one that is deleted takes its tags with it', async t => {
      const world = await makeWorld(t, subject);
      const { store, service } = world;
      await store.images.putManifest(manifest(world, 'm'), 'v1');
      await store.images.putManifest(manifest(world, 'm'), 'v2');
      await store.images.putManifest(manifest(world, 'n'), 'v3');

      assert.equal(await store.images.deleteManifest(service.id, digest('m')), true);
      assert.equal(await store.images.deleteManifest(service.id, digest('m')), false);
      assert.deepEqual(await store.images.tags(service.id, { limit: 10 }), ['v3']);
    });

    test('all that a repository has goes with its service', async t => {
      const world = await makeWorld(t, subject);
      const { store, account, service } = world;
      await addBlobs(world, 'a');
      await store.images.putManifest(manifest(world, 'm', [blobNeed('a')]), 'v1');
      assert.equal(await store.images.isKept(digest('m')), true);

      await store.services.delete(account.id, service.name);
      assert.equal(await store.images.manifestOfTag(service.id, 'v1'), undefined);
      assert.equal(await store.images.isKept(digest('m')), false);
      assert.equal(await store.images.isKept(digest('a')), false);
    });
  });

  describe('tags', () => {
    test('a tag points to what was pushed last, at that time', async t => {
      const world = await makeWorld(t, subject);
      const { store, service } = world;
      await store.images.putManifest(manifest(world, 'm'), 'v1');
      await store.images.putManifest({ ...manifest(world, 'n'), pushedAt: after(1) }, 'v1');
      await store.images.putManifest({ ...manifest(world, 'm'), pushedAt: after(2) }, 'v2');

      assert.deepEqual(await store.images.newestTags(service.id, 10), [
        { name: 'v2', digest: digest('m'), pushedAt: after(2) },
        { name: 'v1', digest: digest('n'), pushedAt: after(1) },
      ]);
      assert.equal((await store.images.newestTags(service.id, 1)).length, 1);
    });

    test('a tag that is deleted leaves its manifest', async t => {
      const world = await makeWorld(t, subject);
      const { store, service } = world;
      await store.images.putManifest(manifest(world, 'm'), 'v1');
      assert.equal(await store.images.deleteTag(service.id, 'v1'), true);
      assert.equal(await store.images.deleteTag(service.id, 'v1'), false);
      assert.notEqual(await store.images.manifest(service.id, digest('m')), undefined);
    });

    test('tags are read in pages, in alphabetical order whatever their case', async t => {
      const world = await makeWorld(t, subject);
      const { store, service } = world;
      for (const tag of ['b', 'C', 'a', 'B', '1']) await store.images.putManifest(manifest(world, 'm'), tag);

      const first = await store.images.tags(service.id, { limit: 3 });
      const second = await store.images.tags(service.id, { limit: 3, after: first.at(-1) ?? '' });
      assert.deepEqual(
        [first, second],
        [
          ['1', 'a', 'B'],
          ['b', 'C'],
        ],
      );
      assert.deepEqual(await store.images.tags(service.id, { limit: 9, after: 'aa' }), ['B', 'b', 'C']);
    });

    test('repositories of an account are those that have something', async t => {
      const world = await makeWorld(t, subject);
      const { store, account, service } = world;
      await addService(world, 'empty');
      const viewer = await addService(world, 'viewer');
      for (const { id } of [service, viewer]) {
        await store.images.putManifest({ ...manifest(world, 'm'), serviceId: id });
      }
      assert.deepEqual(await store.images.repositories(account.id, { limit: 9 }), ['editor', 'viewer']);
      assert.deepEqual(await store.images.repositories(account.id, { limit: 9, after: 'editor' }), [
        'viewer',
      ]);
      assert.deepEqual(await store.images.repositories('nobody', { limit: 9 }), []);
    });
  });

  describe('what nobody needs', () => {
    test('are manifests without tag, index, subject and environment, once they are old', async t => {
      const world = await makeWorld(t, subject);
      const { store, account } = world;
      const pinning = newService(account, 'pinning');
      await store.services.create({
        ...pinning,
        environments: [{ name: 'default', imageTag: digest('pinned'), createdAt: noon }],
      });
      await store.images.putManifest(manifest(world, 'tagged'), 'v1');
      await store.images.putManifest(manifest(world, 'part'));
      await store.images.putManifest(
        manifest(world, 'index', [{ digest: digest('part'), kind: 'manifest' }]),
        'v2',
      );
      await store.images.putManifest({ ...manifest(world, 'signature'), subject: digest('tagged') });
      await store.images.putManifest({ ...manifest(world, 'orphan'), subject: digest('gone') });
      await store.images.putManifest({ ...manifest(world, 'pinned'), serviceId: pinning.id });
      await store.images.putManifest(manifest(world, 'untagged'));
      await store.images.putManifest({ ...manifest(world, 'young'), pushedAt: after(10) });

      const unused = await store.images.unusedManifests(after(5), 10);
      assert.deepEqual(
        unused.map(key => key.digest).toSorted(),
        [digest('orphan'), digest('untagged')].toSorted(),
      );
      assert.equal((await store.images.unusedManifests(after(5), 1)).length, 1);
    });

    test('are no manifests that a live workload runs from', async t => {
      const world = await makeWorld(t, subject);
      const { store } = world;
      await store.images.putManifest(manifest(world, 'running'));
      const { id } = await spawn(world);
      await store.journal.noteImage(id, digest('running'));
      assert.deepEqual(await store.images.unusedManifests(after(5), 10), []);
      await end(store, id);
      assert.equal((await store.images.unusedManifests(after(5), 10)).length, 1);
    });

    test('are blobs without manifest that nobody has asked for lately', async t => {
      const world = await makeWorld(t, subject);
      const { store, service } = world;
      await addBlobs(world, 'needed', 'asked', 'old', 'older');
      await store.images.putManifest(manifest(world, 'm', [blobNeed('needed')]));
      await store.images.seeBlob(service.id, digest('asked'), after(10));

      assert.equal(await store.images.deleteUnusedBlobs(after(5), 1), 1);
      assert.equal(await store.images.deleteUnusedBlobs(after(5), 9), 1);
      assert.equal(await store.images.deleteUnusedBlobs(after(5), 9), 0);
      assert.equal(await store.images.isKept(digest('old')), false);
      for (const name of ['needed', 'asked']) assert.equal(await store.images.isKept(digest(name)), true);
    });
  });
}

/** A digest for each name. */
function digest(name: string): string {
  return `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0')}`;
}

function blobNeed(name: string): ManifestNeed {
  return { digest: digest(name), kind: 'blob' };
}

function manifest({ service }: World, name: string, needs: readonly ManifestNeed[] = []): ManifestRecord {
  return {
    serviceId: service.id,
    digest: digest(name),
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    sizeBytes: 100,
    pushedAt: noon,
    needs,
  };
}

async function addBlobs({ store, service }: World, ...names: string[]): Promise<void> {
  for (const name of names) {
    await store.images.addBlob(service.id, { digest: digest(name), sizeBytes: 1 }, noon);
  }
}

async function addService({ store, account }: World, name: string) {
  const service = newService(account, name);
  await store.services.create(service);
  return service;
}
