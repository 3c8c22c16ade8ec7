import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { FakeRegistry } from '../../src/images/testing/fake-registry.ts';
import { makeLayer } from '../../src/images/testing/layers.ts';
import { assertRefused, eventually, forEachRuntime, runBerth, type World } from '../support/index.ts';
import { digestOf, TestRepository } from './registry-client.ts';

interface Listed {
  readonly images: readonly {
    readonly service: string;
    readonly digest: string;
    readonly tags: readonly string[];
    readonly size_bytes: number;
  }[];
}

const layer = () => makeLayer([{ name: 'file', content: randomBytes(50_000) }]);

describe('images over the own API', () => {
  forEachRuntime('and by the command line', { runtimes: ['process'], concurrency: 1 }, world => {
    const list = async (query: string) => (await world.api(`/berth/v1/images?${query}`)).ok<Listed>().images;
    const files = async (folder: string) => await readdir(join(world.server.dataDir, 'images', folder));

    async function registry(t: { after(task: () => Promise<void>): void }, behaviour = {}) {
      const made = await FakeRegistry.start(behaviour);
      t.after(() => made[Symbol.asyncDispose]());
      return made;
    }

    test('list what was pushed, with tags and sizes', async () => {
      const repository = await TestRepository.make(world, 'listed');
      const [one, two] = [layer(), layer()];
      const first = await repository.pushImage('v1', [one]);
      await repository.pushImage('latest', [one]);
      const second = await repository.pushImage('v2', [one, two]);
      const images = await list('service=listed');
      assert.deepEqual(
        images.map(({ service, digest, tags }) => ({ service, digest, tags })),
        [
          { service: 'listed', digest: second, tags: ['v2'] },
          { service: 'listed', digest: first, tags: ['latest', 'v1'] },
        ],
      );
      assert.ok((images[0]?.size_bytes ?? 0) > one.length + two.length);
      assert.ok(
        (images[1]?.size_bytes ?? 0) > one.length && (images[1]?.size_bytes ?? 0) < one.length + 2_000,
      );

      const usage = (await world.api('/berth/v1/images/usage')).ok<{
        account_bytes: number;
        server: object;
      }>();
      assert.ok(
        usage.account_bytes > one.length + two.length &&
          usage.account_bytes < one.length + two.length + 5_000,
      );
      assert.deepEqual(Object.keys(usage.server), [
        'packed_bytes',
        'upload_bytes',
        'unpacked_bytes',
        'max_packed_bytes',
        'max_unpacked_bytes',
        'free_disk_bytes',
      ]);
      const { stdout, stderr } = await runBerth(world.server, ['image', 'list', 'listed']);
      assert.match(
        stdout,
        /^SERVICE +TAG +DIGEST +SIZE +PUSHED\nlisted +v2 +sha256:[0-9a-f]{12} +\d+ kB .*\nlisted +latest v1 +sha256/,
      );
      assert.match(
        stderr,
        /^Images of admin take \d+ kB\.\nOn the server: all .*; unpacked 0 B; .* of the disk are free\.\n$/,
      );
    });

    test('remove a tag, and the image with its last one', async () => {
      const repository = await TestRepository.make(world, 'removed');
      const digest = await repository.pushImage('v1', [layer()]);
      await repository.pushImage('v2', [layer()]);
      await repository.putManifest('also', (await repository.send('GET', 'manifests/v1')).bytes);
      const remove = async (reference: string) =>
        await world.api(`/berth/v1/images/removed/${encodeURIComponent(reference)}`, { method: 'DELETE' });
      assert.deepEqual((await remove('v1')).ok(), {
        status: 'ok',
        removed_tags: ['v1'],
        removed_digests: [],
      });
      assertRefused(await remove('v1'), 404, 'NotFound');
      assert.deepEqual((await remove('also')).ok(), {
        status: 'ok',
        removed_tags: ['also'],
        removed_digests: [digest],
      });
      assertRefused(await remove(digest), 404, 'NotFound');
      assert.deepEqual(
        (await list('service=removed')).map(({ tags }) => tags),
        [['v2']],
      );

      const pinned = (await list('service=removed'))[0]?.digest ?? '';
      (await world.api('/v2/service/admin/removed/update', { body: { image_tag: pinned } })).ok();
      assert.deepEqual((await remove('v2')).ok().removed_digests, []);
      assert.deepEqual(
        (await list('service=removed')).map(({ digest: name, tags }) => [name, tags]),
        [[pinned, []]],
      );
      assert.deepEqual((await remove(pinned)).ok().removed_digests, [pinned]);
      for (const bad of ['.bad', 'sha256:1', 'a b', '%00']) {
        assertRefused(await remove(bad), 400, 'BadRequest');
      }
    });

    test('pull: progress line by line, then what it was', async t => {
      const remote = await registry(t);
      const digest = remote.putImage([layer(), layer()], 'v7');
      await TestRepository.make(world, 'pulled');
      const answer = await world.api('/berth/v1/images/pull', {
        body: { image: `${remote.host}/team/app:v7`, service: 'pulled' },
      });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-type'], 'application/x-ndjson');
      const lines = answer.text
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as Record<string, unknown>);
      assert.equal(lines[0]?.status, 'resolved');
      assert.ok(lines.some(({ status }) => status === 'progress'));
      const { size_bytes: size, fetched_bytes: fetched, ...rest } = lines.at(-1) ?? {};
      assert.deepEqual(rest, {
        status: 'done',
        service: 'pulled',
        tag: 'v7',
        digest,
        media_type: 'application/vnd.oci.image.manifest.v1+json',
        image_digest: digest,
      });
      assert.ok(Number(size) > 100_000 && size === fetched);
    });

    test('pull by the command line, which makes the service and says how to spawn it', async t => {
      const remote = await registry(t);
      remote.putImage([layer()], 'v7');
      const first = await runBerth(world.server, ['image', 'pull', `${remote.host}/team/app:v7`]);
      assert.equal(first.code, 0, first.stderr);
      assert.match(first.stdout, /^app:v7 is sha256:[0-9a-f]{64}, \d+\.\d kB\n$/);
      assert.match(
        first.stderr,
        /^Service app is new\.\npulling .*\npulling .*: 2 parts, .* kB\n.* fetched in .* Spawn it: berth spawn app --tag v7\n$/,
      );
      const again = await runBerth(world.server, [
        'image',
        'pull',
        `${remote.host}/team/app:v7`,
        'app:latest',
        '--json',
      ]);
      assert.equal((JSON.parse(again.stdout) as { fetched_bytes: number }).fetched_bytes, 0);
      assert.deepEqual(
        (await list('service=app')).map(({ tags }) => tags),
        [['latest', 'v7']],
      );
      const removed = await runBerth(world.server, ['image', 'remove', 'app:v7', 'app:latest']);
      assert.equal(
        removed.stdout,
        'app:v7 is removed; its image stays, which is still named\napp:latest is removed\n',
      );
      for (const [args, code, text] of [
        [['image', 'remove', 'app'], 2, /names no image/],
        [['image', 'remove', 'app:nope'], 1, /no manifest/],
        [['image', 'pull', `${remote.host}/team/app:nope`], 1, /has no such image/],
        [['image', 'pull', 'x y'], 1, /must look like/],
        [['image', 'pull', `${remote.host}/team/app`, '-u', 'bob'], 2, /go together/],
      ] as const) {
        const { code: exit, stderr } = await runBerth(world.server, args);
        assert.equal(exit, code, stderr);
        assert.match(stderr, text);
      }
    });

    test('pull tells what is wrong, by status and code; after the first line, in the last one', async t => {
      const remote = await registry(t);
      const secret = await registry(t, { auth: 'bearer' });
      const liar = await registry(t, { lies: true });
      for (const one of [remote, secret, liar]) one.putImage([layer()], 'v1');
      remote.putImage([layer()], 'pdp', 'pdp11');
      await TestRepository.make(world, 'asked');
      const pull = async (body: object) =>
        await world.api('/berth/v1/images/pull', { body: { service: 'asked', ...body } });
      const image = (at: { host: string }, tag = 'v1') => `${at.host}/team/app:${tag}`;
      for (const [body, status, code] of [
        [{ image: 'A B' }, 400, 'BadRequest'],
        [{ image: '' }, 400, 'BadRequest'],
        [{}, 400, 'BadRequest'],
        [{ image: 7 }, 400, 'BadRequest'],
        [{ image: image(remote), tag: '.x' }, 400, 'BadRequest'],
        [{ image: image(remote), username: 'bob' }, 400, 'BadRequest'],
        [{ image: image(remote), username: 'b:b', password: 'x' }, 400, 'BadRequest'],
        [{ image: image(remote), plain_http: 'yes' }, 400, 'BadRequest'],
        [{ image: image(remote), service: 'nope' }, 404, 'NotFound'],
        [{ image: image(remote, 'nope') }, 404, 'ImageNotFound'],
        [{ image: image(secret) }, 403, 'RegistryDenied'],
        [{ image: image(secret), username: 'bob', password: 'wr0ng' }, 403, 'RegistryDenied'],
        [{ image: '127.0.0.1:1/team/app' }, 502, 'RegistryUnreachable'],
        [{ image: '169.254.169.254/team/app' }, 403, 'AddressRefused'],
      ] as const) {
        assertRefused(await pull(body), status, code);
      }
      const last = async (body: object) => {
        const { status, text } = await pull(body);
        assert.equal(status, 200);
        return (
          JSON.parse(text.trim().split('\n').at(-1) ?? '') as { error?: { code: string; status: number } }
        ).error;
      };
      assert.equal((await last({ image: image(liar) }))?.code, 'BadGateway');
      assert.equal((await last({ image: image(remote, 'pdp') }))?.code, 'ImageUnsuitable');
      assert.equal(await last({ image: image(secret), username: 'bob', password: 's3cret' }), undefined);
      const log = world.server.stderr.join('\n') + (await files('uploads')).join();
      assert.doesNotMatch(log, /s3cret|wr0ng/);
      assert.deepEqual(world.server.faults, []);
    });

    test('are for the own account only, and private registries for administrators', async t => {
      const remote = await registry(t);
      remote.putImage([layer()], 'v1');
      const { token } = await world.account('visitor');
      await TestRepository.make(world, 'hidden');
      const pull = { image: `${remote.host}/team/app:v1`, service: 'hidden' };
      assertRefused(await world.api('/berth/v1/images?account=admin', { token }), 403, 'Forbidden');
      assertRefused(await world.api('/berth/v1/images/usage?account=nobody', { token }), 403, 'Forbidden');
      assertRefused(await world.api('/berth/v1/images?service=hidden', { token }), 404, 'NotFound');
      assertRefused(await world.api('/berth/v1/images/pull', { token, body: pull }), 404, 'NotFound');
      assertRefused(
        await world.api('/berth/v1/images/pull', { token, body: { ...pull, account: 'admin' } }),
        403,
        'Forbidden',
      );
      const remove = { token, method: 'DELETE' };
      assertRefused(await world.api('/berth/v1/images/hidden/v1', remove), 404, 'NotFound');
      assertRefused(await world.api('/berth/v1/images/hidden/v1?account=admin', remove), 403, 'Forbidden');
      (await world.api('/user/visitor/service', { token, body: { name: 'own' } })).ok();
      assertRefused(
        await world.api('/berth/v1/images/pull', { token, body: { ...pull, service: 'own' } }),
        403,
        'AddressRefused',
      );
      assert.deepEqual(remote.requests, []);
      const usage = (await world.api('/berth/v1/images/usage', { token })).ok();
      assert.deepEqual(usage, { account: 'visitor', account_bytes: 0 });
    });

    test('a pull that a kill of the server breaks shows nothing, and goes on at the next try', async t => {
      const remote = await registry(t, { stallAfter: 2_000_000 });
      const large = makeLayer([{ name: 'file', content: randomBytes(4_000_000) }]);
      remote.putImage([large], 'v1');
      await TestRepository.make(world, 'killed-pull');
      const body = { image: `${remote.host}/team/app:v1`, service: 'killed-pull' };
      const pulling = world.api('/berth/v1/images/pull', { body }).catch(() => 'broken');
      await eventually('a part of the layer', async () => await holdsPart(world));
      await world.server.kill();
      assert.equal(await pulling, 'broken');
      await world.server.start();
      assert.deepEqual(await list('service=killed-pull'), []);
      assert.ok(!(await files('blobs/sha256')).includes(digestOf(large).slice(7)));
      delete remote.behaviour.stallAfter;
      const { text } = await world.api('/berth/v1/images/pull', { body });
      assert.equal(
        (JSON.parse(text.trim().split('\n').at(-1) ?? '') as { status: string }).status,
        'done',
        text,
      );
      assert.match(remote.requests.at(-1) ?? '', / bytes=\d{6,}-$/);
      assert.deepEqual(
        (await list('service=killed-pull')).map(({ tags }) => tags),
        [['v1']],
      );
      assert.ok(
        (await stat(join(world.server.dataDir, 'images/blobs/sha256', digestOf(large).slice(7)))).size >
          4_000_000,
      );
    });
  });
});

async function holdsPart(world: World): Promise<boolean> {
  const folder = join(world.server.dataDir, 'images/uploads');
  const sizes = await Promise.all(
    (await readdir(folder)).map(async name => (await stat(join(folder, name))).size),
  );
  return sizes.some(size => size >= 1_000_000);
}
