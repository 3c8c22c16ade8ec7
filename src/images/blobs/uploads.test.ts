import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { sha256 } from '../testing/layers.ts';
import { chunksOf, ImageWorld } from '../testing/world.ts';
import { digestOf } from './digest.ts';

const content = randomBytes(250_000);

async function* broken(bytes: Buffer): AsyncGenerator<Buffer> {
  yield* chunksOf(bytes);
  throw new Error('the connection was reset');
}

describe('an upload', () => {
  test('goes on after a restart, and its digest is of all of it', async t => {
    const world = await ImageWorld.make(t);
    const id = await world.repository.beginUpload();
    assert.equal(
      await world.repository.appendUpload(id, chunksOf(content.subarray(0, 100_000)), {}),
      100_000,
    );
    await world.reopen();
    assert.equal(await world.repository.uploadSize(id), 100_000);
    assert.equal(world.images.usage.uploadBytes, 100_000);
    const rest = chunksOf(content.subarray(100_000));
    await world.repository.appendUpload(id, rest, { at: 100_000, length: 150_000 });
    await world.repository.completeUpload(id, sha256(content));
    assert.equal((await world.repository.blob(sha256(content))).sizeBytes, content.length);
    assert.deepEqual(world.images.usage, { blobBytes: content.length, uploadBytes: 0, layerBytes: 0 });
  });

  test('keeps what came before it broke off', async t => {
    const world = await ImageWorld.make(t);
    const id = await world.repository.beginUpload();
    const first = world.repository.appendUpload(id, broken(content.subarray(0, 70_000)), {});
    await assert.rejects(first, { code: 'upload-cut' });
    assert.equal(await world.repository.uploadSize(id), 70_000);
    await world.repository.appendUpload(id, chunksOf(content.subarray(70_000)), {});
    await world.repository.completeUpload(id, sha256(content));
  });

  test('takes back a chunk that is not as long as was said, and goes on', async t => {
    const world = await ImageWorld.make(t);
    const id = await world.repository.beginUpload();
    await world.repository.appendUpload(id, chunksOf(content.subarray(0, 50_000)), {});
    for (const length of [1, 49_999, 50_001]) {
      const wrong = chunksOf(content.subarray(0, 50_000));
      const appending = world.repository.appendUpload(id, wrong, { at: 50_000, length });
      await assert.rejects(appending, { code: 'size-invalid' });
      assert.equal(await world.repository.uploadSize(id), 50_000);
    }
    assert.equal(world.images.usage.uploadBytes, 50_000);
    await world.repository.appendUpload(id, chunksOf(content.subarray(50_000)), {});
    await world.repository.completeUpload(id, sha256(content));
  });

  test('is of the digest that its sender names, by either algorithm', async t => {
    const world = await ImageWorld.make(t);
    const digest = digestOf(content, 'sha512');
    for (const [name, restarts] of [
      [digest, false],
      [sha256(content), true],
      [digest, true],
    ] as const) {
      const id = await world.repository.beginUpload();
      await world.repository.appendUpload(id, chunksOf(content), {});
      if (restarts) await world.reopen();
      await world.repository.completeUpload(id, name);
    }
    await world.reopen();
    assert.equal(world.images.usage.blobBytes, 2 * content.length);
    assert.deepEqual(await world.repository.readBlob(digest, content.length), content);
    const id = await world.repository.beginUpload();
    await world.repository.appendUpload(id, chunksOf(content.subarray(1)), {});
    await assert.rejects(world.repository.completeUpload(id, digest), { code: 'digest-invalid' });
    await assert.rejects(world.repository.blob(`sha512:${'0'.repeat(64)}`), { code: 'digest-invalid' });
  });

  test('of another digest is dropped', async t => {
    const world = await ImageWorld.make(t);
    const id = await world.repository.beginUpload();
    await world.repository.appendUpload(id, chunksOf(content), {});
    const completing = world.repository.completeUpload(id, sha256(Buffer.from('other')));
    await assert.rejects(completing, { code: 'digest-invalid' });
    assert.equal(world.images.usage.uploadBytes, 0);
    assert.deepEqual(await world.stored(), []);
  });

  test('belongs to its repository alone', async t => {
    const world = await ImageWorld.make(t);
    const other = world.images.repository(await world.addService('other'));
    const id = await world.repository.beginUpload();
    await assert.rejects(other.uploadSize(id), { code: 'upload-unknown' });
    await assert.rejects(other.appendUpload(id, chunksOf(content), {}), { code: 'upload-unknown' });
    for (const wrong of ['../x', '', '.', 'a'.repeat(36)]) {
      await assert.rejects(world.repository.uploadSize(wrong), { code: 'upload-unknown' });
    }
  });

  test('is refused when the repository has too many, or its service is gone', async t => {
    const world = await ImageWorld.make(t, { maxUploadsPerRepository: 2 });
    const id = await world.repository.beginUpload();
    await world.repository.beginUpload();
    await assert.rejects(world.repository.beginUpload(), { code: 'too-many-uploads' });
    await world.repository.appendUpload(id, chunksOf(content), {});
    await world.store.services.delete(world.service.accountId, world.service.name);
    await assert.rejects(world.repository.completeUpload(id, sha256(content)), {
      code: 'repository-unknown',
    });
  });
});
