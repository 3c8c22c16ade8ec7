import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { type Answer, forEachRuntime } from '../support/index.ts';
import {
  digestOf,
  errorCode,
  imageConfig,
  imageManifest,
  json,
  ociConfig,
  ociIndex,
  ociManifest,
  TestRepository,
} from './registry-client.ts';

/** What the OCI distribution specification 1.1 asks of a registry, by its four workflows. */
forEachRuntime('the registry', { runtimes: ['process'] }, world => {
  const stranger = digestOf(Buffer.from('nobody has pushed this'));

  function assertError(answer: Answer, status: number, code: string): void {
    assert.deepEqual([answer.status, errorCode(answer)], [status, code], answer.text);
    assert.equal(answer.headers['docker-distribution-api-version'], 'registry/2.0');
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal(answer.headers.warning, undefined);
  }

  describe('pull', () => {
    test('gives a blob, its head, and any range of it', async () => {
      const repository = await TestRepository.make(world, 'pull-blob');
      const content = randomBytes(3_000_000);
      const { digest } = await repository.pushBlob(content);

      const head = await repository.send('HEAD', `blobs/${digest}`);
      assert.deepEqual([head.status, head.headers['content-length']], [200, '3000000']);
      assert.equal(head.headers['docker-content-digest'], digest);
      const whole = await repository.send('GET', `blobs/${digest}`);
      assert.ok(whole.bytes.equals(content));
      assert.equal(whole.headers['content-length'], '3000000');

      for (const [range, start, end] of [
        ['bytes=0-0', 0, 0],
        ['bytes=100-199', 100, 199],
        ['bytes=2999999-', 2_999_999, 2_999_999],
        ['bytes=2999000-9999999', 2_999_000, 2_999_999],
        ['bytes=-10', 2_999_990, 2_999_999],
      ] as const) {
        const part = await repository.send('GET', `blobs/${digest}`, { headers: { range } });
        assert.equal(part.status, 206, range);
        assert.equal(part.headers['content-range'], `bytes ${start}-${end}/3000000`);
        assert.ok(part.bytes.equals(content.subarray(start, end + 1)), range);
      }
      const beyond = await repository.send('GET', `blobs/${digest}`, {
        headers: { range: 'bytes=3000000-' },
      });
      assert.equal(beyond.status, 416);
      assert.equal(beyond.headers['content-range'], 'bytes */3000000');
      for (const range of ['bytes=0-1,3-4', 'lines=1-2', 'bytes=9-3', 'bytes=-']) {
        const all = await repository.send('GET', `blobs/${digest}`, { headers: { range } });
        assert.deepEqual([all.status, all.bytes.length], [200, 3_000_000], range);
      }
    });

    test('gives a manifest as it was pushed, by tag and by digest', async () => {
      const repository = await TestRepository.make(world, 'pull-manifest');
      const config = await repository.pushBlob(imageConfig([]), ociConfig);
      const content = Buffer.from(JSON.stringify(imageManifest(config, []), undefined, 3));
      const digest = digestOf(content);
      const put = await repository.putManifest('v1.0', content);
      assert.equal(put.status, 201);
      assert.equal(put.headers['docker-content-digest'], digest);
      assert.equal(put.headers.location, `/v2/${repository.name}/manifests/${digest}`);

      for (const reference of ['v1.0', digest]) {
        for (const method of ['GET', 'HEAD']) {
          const answer = await repository.send(method, `manifests/${reference}`);
          assert.equal(answer.status, 200);
          assert.equal(answer.headers['content-type'], ociManifest);
          assert.equal(answer.headers['docker-content-digest'], digest);
          assert.equal(answer.headers['content-length'], String(content.length));
          if (method === 'GET') assert.ok(answer.bytes.equals(content));
        }
      }
    });

    test('tells what is not there', async () => {
      const repository = await TestRepository.make(world, 'pull-nothing');
      assertError(await repository.send('GET', `blobs/${stranger}`), 404, 'BLOB_UNKNOWN');
      assertError(await repository.send('GET', `manifests/${stranger}`), 404, 'MANIFEST_UNKNOWN');
      assertError(await repository.send('GET', 'manifests/nope'), 404, 'MANIFEST_UNKNOWN');
      assertError(await repository.send('GET', 'blobs/sha256:123'), 400, 'DIGEST_INVALID');
      assertError(await repository.send('GET', 'blobs/nothing'), 400, 'DIGEST_INVALID');
      assert.equal((await repository.send('HEAD', `blobs/${stranger}`)).status, 404);
      assert.equal((await repository.send('HEAD', 'manifests/nope')).status, 404);
    });
  });

  describe('push', () => {
    test('takes a blob in one request', async () => {
      const repository = await TestRepository.make(world, 'push-one');
      const content = randomBytes(100_000);
      const digest = digestOf(content);
      const answer = await repository.send('POST', `blobs/uploads/?digest=${digest}`, { body: content });
      assert.equal(answer.status, 201);
      assert.equal(answer.headers.location, `/v2/${repository.name}/blobs/${digest}`);
      assert.ok((await repository.send('GET', answer.headers.location ?? '')).bytes.equals(content));
    });

    test('takes a blob in two requests', async () => {
      const repository = await TestRepository.make(world, 'push-two');
      const content = randomBytes(100_000);
      const location = await repository.beginUpload();
      const answer = await repository.send('PUT', `${location}?digest=${digestOf(content)}`, {
        body: content,
      });
      assert.equal(answer.status, 201);
      assert.equal((await repository.send('GET', location)).status, 404);
    });

    test('takes a blob in a stream', async () => {
      const repository = await TestRepository.make(world, 'push-stream');
      const content = randomBytes(100_000);
      const location = await repository.beginUpload();
      const patch = await repository.send('PATCH', location, { body: content });
      assert.deepEqual([patch.status, patch.headers.range], [202, '0-99999']);
      const put = await repository.send('PUT', `${patch.headers.location}?digest=${digestOf(content)}`);
      assert.equal(put.status, 201);
    });

    test('takes a blob in chunks, in order only', async () => {
      const repository = await TestRepository.make(world, 'push-chunks');
      const content = randomBytes(300_000);
      const location = await repository.beginUpload();
      const patch = (start: number, end: number, range = `${start}-${end - 1}`) =>
        repository.send('PATCH', location, {
          headers: { 'content-range': range },
          body: content.subarray(start, end),
        });

      const early = await patch(100_000, 200_000);
      assertError(early, 416, 'BLOB_UPLOAD_INVALID');
      assert.deepEqual([early.headers.range, early.headers.location], ['0-0', location]);
      assert.equal((await patch(0, 100_000)).headers.range, '0-99999');
      const again = await patch(0, 100_000);
      assertError(again, 416, 'BLOB_UPLOAD_INVALID');
      assert.equal(again.headers.range, '0-99999');
      assertError(await patch(100_000, 200_000, '100000-150000'), 400, 'SIZE_INVALID');
      assertError(await patch(100_000, 200_000, 'some-where'), 416, 'BLOB_UPLOAD_INVALID');
      assert.equal((await patch(100_000, 200_000)).status, 202);
      const status = await repository.send('GET', location);
      assert.deepEqual([status.status, status.headers.range], [204, '0-199999']);
      assert.ok(status.headers['docker-upload-uuid']);

      const put = await repository.send('PUT', `${location}?digest=${digestOf(content)}`, {
        headers: { 'content-range': '200000-299999' },
        body: content.subarray(200_000),
      });
      assert.equal(put.status, 201);
    });

    test('refuses content of another digest, and drops it', async () => {
      const repository = await TestRepository.make(world, 'push-wrong');
      const location = await repository.beginUpload();
      const put = await repository.send('PUT', `${location}?digest=${stranger}`, { body: 'other' });
      assertError(put, 400, 'DIGEST_INVALID');
      assertError(await repository.send('GET', location), 404, 'BLOB_UPLOAD_UNKNOWN');
      const post = await repository.send('POST', `blobs/uploads/?digest=${stranger}`, { body: 'other' });
      assertError(post, 400, 'DIGEST_INVALID');
      const other = await repository.beginUpload();
      assertError(await repository.send('PUT', `${other}?digest=md5:abc`), 400, 'DIGEST_INVALID');
      assertError(await repository.send('PUT', other), 400, 'UNSUPPORTED');
      assert.equal((await repository.send('GET', other)).status, 204);
    });

    test('gives up an upload on request', async () => {
      const repository = await TestRepository.make(world, 'push-cancel');
      const location = await repository.beginUpload();
      assert.equal((await repository.send('DELETE', location)).status, 204);
      for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
        const answer = await repository.send(method, `${location}?digest=${stranger}`);
        assertError(answer, 404, 'BLOB_UPLOAD_UNKNOWN');
      }
    });

    test('takes over a blob of another repository', async () => {
      const from = await TestRepository.make(world, 'mount-from');
      const repository = await TestRepository.make(world, 'mount-to');
      const { digest } = await from.pushBlob(randomBytes(1_000));
      for (const query of [`mount=${digest}&from=${from.name}`, `mount=${digest}`]) {
        const answer = await repository.send('POST', `blobs/uploads/?${query}`);
        assert.equal(answer.status, 201, query);
        assert.equal(answer.headers.location, `/v2/${repository.name}/blobs/${digest}`);
      }
      for (const query of [
        `mount=${stranger}&from=${from.name}`,
        `mount=${stranger}`,
        `mount=${digest}&from=admin/nope`,
        `mount=${digest}&from=other/nope`,
        `mount=nothing&from=${from.name}`,
      ]) {
        const answer = await repository.send('POST', `blobs/uploads/?${query}`);
        assert.equal(answer.status, 202, query);
        assert.match(answer.headers.location ?? '', /\/blobs\/uploads\//);
      }
    });

    test('refuses a manifest that names what is missing, and keeps nothing of it', async () => {
      const repository = await TestRepository.make(world, 'push-incomplete');
      const config = await repository.pushBlob(imageConfig([]), ociConfig);
      const missing = { mediaType: ociConfig, digest: stranger, size: 9 };
      const answer = await repository.putManifest('v1', imageManifest(config, [missing]));
      assertError(answer, 400, 'MANIFEST_BLOB_UNKNOWN');
      assert.deepEqual(answer.json<{ errors: { detail: unknown }[] }>().errors[0]?.detail, [
        { digest: stranger },
      ]);
      const index = {
        schemaVersion: 2,
        mediaType: ociIndex,
        manifests: [{ ...missing, mediaType: ociManifest }],
      };
      assertError(await repository.putManifest('v1', index, ociIndex), 400, 'MANIFEST_BLOB_UNKNOWN');
      assertError(await repository.send('GET', 'manifests/v1'), 404, 'MANIFEST_UNKNOWN');
    });

    test('refuses what is no manifest', async () => {
      const repository = await TestRepository.make(world, 'push-bad-manifest');
      const config = await repository.pushBlob(imageConfig([]), ociConfig);
      const good = imageManifest(config, []);
      for (const [name, manifest, type] of [
        ['no JSON', Buffer.from('{'), ociManifest],
        ['a list', Buffer.from('[]'), ociManifest],
        ['version 1', { ...good, schemaVersion: 1 }, ociManifest],
        ['without config', { ...good, config: undefined }, ociManifest],
        ['without layers', { ...good, layers: undefined }, ociManifest],
        ['an unknown type', { ...good, mediaType: 'text/x' }, 'text/x'],
        ['another type than it says', good, ociIndex],
        ['both manifest and index', { ...good, manifests: [] }, ociManifest],
        ['a size that is none', imageManifest({ ...config, size: -1 }, []), ociManifest],
      ] as const) {
        const answer = await repository.putManifest('v1', manifest, type);
        assert.deepEqual([answer.status, errorCode(answer)], [400, 'MANIFEST_INVALID'], name);
      }
      const wrongDigest = await repository.putManifest(
        'v1',
        imageManifest({ ...config, digest: 'sha256:1' }, []),
      );
      assertError(wrongDigest, 400, 'DIGEST_INVALID');
      assertError(await repository.putManifest(stranger, good), 400, 'DIGEST_INVALID');
      for (const tag of ['.a', 'a b', 'ä', 'x'.repeat(129)]) {
        assertError(await repository.putManifest(encodeURIComponent(tag), good), 400, 'MANIFEST_INVALID');
      }
    });

    test('takes a manifest of up to 4 MiB', async () => {
      const repository = await TestRepository.make(world, 'push-large');
      const config = await repository.pushBlob(imageConfig([]), ociConfig);
      const fill = (bytes: number) => imageManifest(config, [], { annotations: { fill: 'x'.repeat(bytes) } });
      assert.equal((await repository.putManifest('large', fill(4_100_000))).status, 201);
      assertError(await repository.putManifest('larger', fill(4 * 1024 * 1024)), 413, 'SIZE_INVALID');
    });

    test('takes Docker’s manifests and lists, layers from elsewhere, and empty indexes', async () => {
      const repository = await TestRepository.make(world, 'push-docker');
      const docker = 'application/vnd.docker.distribution.manifest.v2+json';
      const list = 'application/vnd.docker.distribution.manifest.list.v2+json';
      const config = await repository.pushBlob(
        imageConfig([]),
        'application/vnd.docker.container.image.v1+json',
      );
      const foreign = {
        mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
        digest: stranger,
        size: 9,
        urls: ['https://example.com/layer'],
      };
      const manifest = { schemaVersion: 2, mediaType: docker, config, layers: [foreign] };
      const put = await repository.putManifest('v1', manifest, docker);
      assert.equal(put.status, 201);
      const digest = put.headers['docker-content-digest'];
      const platform = { os: 'linux', architecture: 'amd64' };
      const item = { mediaType: docker, digest, size: json(manifest).length, platform };
      const whole = { schemaVersion: 2, mediaType: list, manifests: [item] };
      assert.equal((await repository.putManifest('all', whole, list)).status, 201);
      assert.equal((await repository.send('GET', 'manifests/all')).headers['content-type'], list);
      const empty = { schemaVersion: 2, manifests: [] };
      assert.equal((await repository.putManifest('empty', empty, ociIndex)).status, 201);
    });
  });

  describe('content discovery', () => {
    test('lists tags, by pages', async () => {
      const repository = await TestRepository.make(world, 'list-tags');
      const list = async (query = '') => await repository.send('GET', `tags/list${query}`);
      assert.deepEqual((await list()).ok(), { name: repository.name, tags: [] });
      const config = await repository.pushBlob(imageConfig([]), ociConfig);
      for (const tag of ['v2', 'v10', 'Latest', 'alpha']) {
        await repository.putManifest(tag, imageManifest(config, []));
      }
      assert.deepEqual((await list()).ok().tags, ['alpha', 'Latest', 'v10', 'v2']);
      const first = await list('?n=3');
      assert.deepEqual(first.ok().tags, ['alpha', 'Latest', 'v10']);
      const next = /^<([^>]+)>; rel="next"$/.exec(String(first.headers.link))?.[1] ?? '';
      const second = await repository.send('GET', next);
      assert.deepEqual([second.ok().tags, second.headers.link], [['v2'], undefined]);
      assert.deepEqual((await list('?n=0')).ok().tags, []);
      assert.deepEqual((await list('?last=v10')).ok().tags, ['v2']);
      for (const query of ['?n=-1', '?n=x', '?n=1.5']) assertError(await list(query), 400, 'UNSUPPORTED');
    });

    test('lists what is about a manifest, by type', async () => {
      const repository = await TestRepository.make(world, 'referrers');
      const config = await repository.pushBlob(imageConfig([]), ociConfig);
      const subject = imageManifest(config, []);
      const about = { mediaType: ociManifest, digest: digestOf(json(subject)), size: json(subject).length };
      const empty = await repository.pushBlob(Buffer.from('{}'), 'application/vnd.oci.empty.v1+json');
      const signature = imageManifest(empty, [empty], {
        subject: about,
        artifactType: 'application/x-signature',
        annotations: { 'org.example': 'signed' },
      });
      const list = async (query = '') => await repository.send('GET', `referrers/${about.digest}${query}`);

      const put = await repository.putManifest(digestOf(json(signature)), signature);
      assert.deepEqual([put.status, put.headers['oci-subject']], [201, about.digest]);
      await repository.putManifest('v1', subject);
      const typed = await repository.pushBlob(Buffer.from('{"a":1}'), 'application/x-sbom');
      await repository.putManifest('sbom', imageManifest(typed, [empty], { subject: about }));

      const all = await list();
      assert.equal(all.headers['content-type'], ociIndex);
      const { manifests, ...rest } = all.ok<{ manifests: object[] }>();
      assert.deepEqual(rest, { schemaVersion: 2, mediaType: ociIndex });
      assert.equal(manifests.length, 2);
      const filtered = await list('?artifactType=application/x-signature');
      assert.equal(filtered.headers['oci-filters-applied'], 'artifactType');
      assert.deepEqual(filtered.ok().manifests, [
        {
          mediaType: ociManifest,
          digest: digestOf(json(signature)),
          size: json(signature).length,
          artifactType: 'application/x-signature',
          annotations: { 'org.example': 'signed' },
        },
      ]);
      assert.equal(
        (await list('?artifactType=application/x-sbom')).ok<{ manifests: [] }>().manifests.length,
        1,
      );
      const none = await repository.send('GET', `referrers/${stranger}`);
      assert.deepEqual(none.ok().manifests, []);
      assertError(await repository.send('GET', 'referrers/nothing'), 400, 'DIGEST_INVALID');
    });

    test('lists the repositories of the account', async () => {
      const { name, token } = await world.account('catalog');
      const headers = { authorization: `Bearer ${token}` };
      for (const service of ['b', 'a', 'empty']) {
        await world.api(`/user/${name}/service`, { token, body: { name: service } });
      }
      for (const service of ['a', 'b']) {
        const repository = new TestRepository(world, `${name}/${service}`, `${name}:${token}`);
        await repository.pushImage('v1', []);
      }
      const list = async (path: string) => await world.api(path, { headers, token: null });
      assert.deepEqual((await list('/v2/_catalog')).ok(), { repositories: ['catalog/a', 'catalog/b'] });
      const first = await list('/v2/_catalog?n=1');
      assert.deepEqual(first.ok(), { repositories: ['catalog/a'] });
      const next = /^<([^>]+)>/.exec(String(first.headers.link))?.[1] ?? '';
      assert.deepEqual((await list(next)).ok(), { repositories: ['catalog/b'] });
    });
  });

  describe('content management', () => {
    test('deletes tags, manifests and blobs', async () => {
      const repository = await TestRepository.make(world, 'delete');
      const config = await repository.pushBlob(imageConfig([]), ociConfig);
      const manifest = imageManifest(config, []);
      const digest = digestOf(json(manifest));
      for (const tag of ['one', 'two']) await repository.putManifest(tag, manifest);

      assert.equal((await repository.send('DELETE', 'manifests/one')).status, 202);
      assertError(await repository.send('DELETE', 'manifests/one'), 404, 'MANIFEST_UNKNOWN');
      assert.equal((await repository.send('HEAD', `manifests/${digest}`)).status, 200);
      assertError(await repository.send('DELETE', `blobs/${config.digest}`), 405, 'UNSUPPORTED');
      assert.equal((await repository.send('DELETE', `manifests/${digest}`)).status, 202);
      assertError(await repository.send('GET', 'manifests/two'), 404, 'MANIFEST_UNKNOWN');
      assert.deepEqual((await repository.send('GET', 'tags/list')).ok().tags, []);
      assert.equal((await repository.send('DELETE', `blobs/${config.digest}`)).status, 202);
      assertError(await repository.send('DELETE', `blobs/${config.digest}`), 404, 'BLOB_UNKNOWN');
      assertError(await repository.send('GET', `blobs/${config.digest}`), 404, 'BLOB_UNKNOWN');
    });

    test('forgets what a deleted service had', async () => {
      const repository = await TestRepository.make(world, 'gone');
      const digest = await repository.pushImage('v1', []);
      (await world.api('/user/admin/service/gone/delete', { body: {} })).ok();
      assertError(await repository.send('GET', 'manifests/v1'), 404, 'NAME_UNKNOWN');
      await TestRepository.make(world, 'gone');
      assertError(await repository.send('GET', `manifests/${digest}`), 404, 'MANIFEST_UNKNOWN');
    });
  });

  test('the disk that images take is told', async () => {
    const repository = await TestRepository.make(world, 'measured');
    await repository.pushBlob(randomBytes(2_000_000));
    const { text } = await world.api('/metrics', { token: null });
    assert.ok(Number(/^berth_image_bytes\{of="blobs"\} (\d+)$/m.exec(text)?.[1]) >= 2_000_000);
    assert.match(text, /^berth_image_bytes\{of="layers"\} \d+$/m);
  });

  test('known paths refuse other methods in the words of registries', async () => {
    const repository = await TestRepository.make(world, 'methods');
    const answer = await repository.send('PUT', 'tags/list');
    assert.deepEqual([answer.status, errorCode(answer)], [405, 'UNSUPPORTED']);
    assert.match(answer.headers.allow ?? '', /GET/);
  });
});
