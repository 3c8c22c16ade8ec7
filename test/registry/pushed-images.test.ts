import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Member, makeLayer } from '../../src/images/testing/layers.ts';
import { forEachRuntime, TestBackend } from '../support/index.ts';
import { baseLayer, cannotRunImages, serving } from './busybox.ts';
import {
  digestOf,
  imageConfig,
  imageManifest,
  json,
  ociConfig,
  ociIndex,
  ociLayer,
  ociManifest,
  TestRepository,
} from './registry-client.ts';

const settings = { 'images.max_layer_bytes': 20_000_000, 'images.max_layer_files': 2_000 };

describe('pushed images', { skip: cannotRunImages }, () => {
  forEachRuntime('spawned', { runtimes: ['oci'], settings }, world => {
    const base = baseLayer();
    const unpacked = async () => await readdir(join(world.server.dataDir, 'images/layers'));

    async function fails(backend: TestBackend): Promise<string> {
      const states = await backend.states();
      assert.equal(states.at(-1)?.state, 'ErrorLoading');
      const log = (await backend.log()).join('\n');
      assert.doesNotMatch(log, new RegExp(world.server.dataDir));
      return log;
    }

    test('run as they say: command, user, folder, variables, layers', async () => {
      const repository = await TestRepository.make(world, 'whole');
      const upper = makeLayer([
        { name: 'www/.wh.old.html' },
        { name: 'www/new.html', content: 'new\n' },
        { name: 'www', type: 'folder' },
        { name: 'bin/tool', content: '#!/bin/sh\necho a tool\n', mode: 0o755 },
        { name: 'bin', type: 'folder' },
      ]);
      await repository.pushImage('latest', [base, upper], {
        Entrypoint: ['/bin/sh', '-c'],
        Cmd: ['id; pwd; echo $COLOR $HOME $PATH; tool; ls /www; exec httpd -f -p $PORT -h /www'],
        User: 'web',
        WorkingDir: '/srv/made/for/it',
        Env: ['COLOR=green=1', 'EMPTY='],
      });
      const backend = await world.spawn('whole');
      await backend.reaches('Ready');
      assert.deepEqual((await backend.log('?follow=false')).slice(0, 6), [
        'uid=1000(web) gid=1001(web) groups=1002(extra)',
        '/srv/made/for/it',
        'green=1 /home/web /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        'a tool',
        'index.html',
        'new.html',
      ]);
      assert.equal((await backend.request('/')).text, 'the first page\n');
      assert.equal((await backend.request('/old.html')).status, 404);
    });

    test('are those of the tag at the time of the spawn; a digest pins', async () => {
      const repository = await TestRepository.make(world, 'moving');
      const page = (text: string) => makeLayer([{ name: 'www/index.html', content: text }]);
      const first = await repository.pushImage('latest', [base, page('one')], serving());
      const one = await world.spawn('moving');
      await one.reaches('Ready');
      await repository.pushImage('latest', [base, page('two')], serving());
      const two = await world.spawn('moving');
      const pinned = await world.spawn('moving', { tag: first });
      const texts = await Promise.all(
        [one, two, pinned].map(async backend => (await backend.request('/')).text),
      );
      assert.deepEqual(texts, ['one', 'two', 'one']);
    });

    test('are told by the digest that a backend runs from, wherever its tag is moved', async () => {
      const repository = await TestRepository.make(world, 'told');
      const page = (text: string) => makeLayer([{ name: 'www/index.html', content: text }]);
      const first = await repository.pushImage('latest', [base, page('first')], serving());
      const one = await world.spawn('told');
      await one.reaches('Ready');
      const second = await repository.pushImage('latest', [base, page('second')], serving());
      const two = await world.spawn('told');
      await two.reaches('Ready');
      const absent = await world.spawn('told', { tag: 'absent' });
      await fails(absent);
      const told = async ({ id }: TestBackend) =>
        await Promise.all(
          ['', '/v2'].map(async prefix => (await world.api(`${prefix}/backend/${id}`)).ok().image_digest),
        );
      assert.deepEqual(await told(one), [first, first]);
      assert.deepEqual(await told(two), [second, second]);
      assert.deepEqual(await told(absent), ['-', '-']);
      const command = await world.ready('echo.js');
      assert.deepEqual(await told(command), ['-', '-']);
      await two.terminate({ hard: true });
      await two.reaches('Terminated');
      assert.deepEqual(await told(two), [second, second]);
    });

    test('are pinned by an environment that names a digest', async () => {
      const repository = await TestRepository.make(world, 'pinned');
      const page = (text: string) => makeLayer([{ name: 'www/index.html', content: text }]);
      const first = await repository.pushImage('latest', [base, page('one')], serving());
      const use = (path: string, digest: string) =>
        world.api(`/v2/service/admin/pinned${path}`, { body: { name: 'stable', image_tag: digest } });
      (await use('/environment', 'latest')).ok();
      (await use('/stable/update', first)).ok();
      await repository.pushImage('latest', [base, page('two')], serving());
      const spawn = async (more: object = {}) =>
        (await (await world.spawn('pinned', more)).request('/')).text;
      assert.equal(await spawn(), 'two');
      assert.equal(await spawn({ service_environment: 'stable' }), 'one');
      (await use('/update', first)).ok();
      assert.equal(await spawn(), 'one');
    });

    test('may write to a mount as their user, whose files are there for the next one', async () => {
      const repository = await TestRepository.make(world, 'writing');
      const line =
        'cat /plane-data/file; mkdir -p /plane-data/deep; echo more >> /plane-data/file; stat -c %U /plane-data';
      await repository.pushImage('latest', [base], serving(line, { User: 'web' }));
      for (const expected of [['web'], ['more', 'web'], ['more', 'more', 'web']]) {
        const connected = await world.api('/v2/service/admin/writing/connect', {
          body: { key: 'doc', spawn: { executable: { mount: true } } },
        });
        const { backend_id: name } = connected.ok<{ backend_id: string }>();
        const backend = TestBackend.withId(world.server, name);
        await backend.reaches('Ready');
        const log = (await backend.log('?follow=false')).filter(text => !text.startsWith('cat: '));
        assert.deepEqual(log, expected);
        await backend.terminate({ hard: true });
        await backend.reaches('Terminated');
      }
    });

    test('may be of digests by SHA-512 throughout', async () => {
      const repository = await TestRepository.make(world, 'sha512');
      const page = makeLayer([{ name: 'www/index.html', content: 'by SHA-512' }]);
      const push = async (content: Buffer, mediaType = ociLayer) => {
        const digest = sha512Of(content);
        const pushed = await repository.send('POST', `blobs/uploads/?digest=${digest}`, { body: content });
        assert.equal(pushed.status, 201);
        return { mediaType, digest, size: content.length };
      };
      const layers = [await push(base), await push(page)];
      const configuration = JSON.parse(imageConfig([], serving()).toString()) as object;
      const rootfs = { type: 'layers', diff_ids: [base, page].map(sha512Of) };
      const config = await push(json({ ...configuration, rootfs }), ociConfig);
      const manifest = json(imageManifest(config, layers));
      const put = await repository.putManifest(sha512Of(manifest), manifest);
      assert.equal(put.headers['docker-content-digest'], sha512Of(manifest));
      const backend = await world.spawn('sha512', { tag: sha512Of(manifest) });
      assert.equal((await backend.request('/')).text, 'by SHA-512');
      assert.equal((await world.api(`/v2/backend/${backend.id}`)).ok().image_digest, sha512Of(manifest));
    });

    test('are listed by tag, the newest first', async () => {
      const repository = await TestRepository.make(world, 'listed');
      const first = await repository.pushImage('v1', [base], serving());
      const page = makeLayer([{ name: 'www/index.html', content: 'two' }]);
      const second = await repository.pushImage('v2', [base, page], serving());
      for (const path of ['/user/admin/service/listed/images', '/v2/service/admin/listed/images']) {
        const { images } = (await world.api(path)).ok<{ images: Record<string, string>[] }>();
        assert.deepEqual(
          images.map(({ upload_time: time, ...image }) => ({
            ...image,
            dated: !Number.isNaN(Date.parse(time ?? '')),
          })),
          [
            { repository: 'admin/listed', digest: second, tag: 'v2', dated: true },
            { repository: 'admin/listed', digest: first, tag: 'v1', dated: true },
          ],
        );
      }
      const info = (await world.api('/v2/service/admin/listed')).ok();
      assert.equal(info.last_image_digest, second);
      assert.ok(!Number.isNaN(Date.parse(String(info.last_image_upload_time))));
    });

    test('are unpacked once for spawns at the same time', async () => {
      const repository = await TestRepository.make(world, 'many');
      const own = makeLayer([{ name: 'www/own.html', content: `${Math.random()}` }]);
      await repository.pushImage('latest', [base, own], serving());
      const before = await unpacked();
      const backends = await Promise.all(Array.from({ length: 8 }, () => world.spawn('many')));
      await Promise.all(backends.map(backend => backend.reaches('Ready')));
      const added = (await unpacked()).filter(name => !before.includes(name) && !name.startsWith('.'));
      assert.ok(added.includes(digestOf(own).slice(7, 23)), added.join());
    });

    test('of 127 layers run, and leave no trace of how', async () => {
      const repository = await TestRepository.make(world, 'layered');
      const pages = Array.from({ length: 126 }, (_, at) =>
        makeLayer([
          { name: `www/${at}.html`, content: `${at}` },
          { name: 'www/index.html', content: `${at}` },
        ]),
      );
      await repository.pushImage('latest', [base, ...pages], serving('ls /www | wc -l'));
      const backend = await world.spawn('layered');
      await backend.reaches('Ready');
      assert.deepEqual(await backend.log('?tail=1&follow=false'), ['128']);
      assert.equal((await backend.request('/')).text, '125');
      assert.equal((await backend.request('/0.html')).text, '0');
      const shortcuts = (await readdir('/run')).filter(name => /^berth-[a-z0-9]{6}$/.test(name));
      const targets = await Promise.all(shortcuts.map(name => readlink(`/run/${name}`).catch(() => '')));
      assert.ok(!targets.some(target => target.startsWith(world.server.dataDir)));
    });

    test('of several platforms give the one for this machine', async () => {
      const repository = await TestRepository.make(world, 'platforms');
      const digest = await repository.pushImage('this', [base], serving());
      const other = await repository.pushBlob(
        json({ os: 'linux', architecture: 'pdp11', config: {}, rootfs: { type: 'layers', diff_ids: [] } }),
        ociConfig,
      );
      const foreign = imageManifest(other, []);
      await repository.putManifest('other', foreign);
      const item = (name: string, architecture: string) => ({
        mediaType: ociManifest,
        digest: name,
        size: 1,
        platform: { os: 'linux', architecture },
      });
      const here = item(digest, process.arch === 'x64' ? 'amd64' : process.arch);
      const elsewhere = item(digestOf(json(foreign)), 'pdp11');
      const index = (...manifests: object[]) => ({ schemaVersion: 2, mediaType: ociIndex, manifests });
      await repository.putManifest('latest', index(elsewhere, here), ociIndex);
      await (await world.spawn('platforms')).reaches('Ready');

      await repository.putManifest('elsewhere', index(elsewhere), ociIndex);
      const refused = await fails(await world.spawn('platforms', { tag: 'elsewhere' }));
      assert.match(refused, /has nothing for linux\/\w+, but for linux\/pdp11/);
      assert.match(await fails(await world.spawn('platforms', { tag: 'other' })), /is for linux\/pdp11/);
    });

    test('that are not there end the backend with the cause in its log', async () => {
      await TestRepository.make(world, 'absent');
      const log = await fails(await world.spawn('absent'));
      assert.match(log, /^berth: image admin\/absent:latest is not in the image store$/);
      const pinned = await fails(await world.spawn('absent', { tag: digestOf(Buffer.from('')) }));
      assert.match(pinned, /admin\/absent@sha256:\w+ is not in the image store/);
    });

    const badLayers: readonly (readonly [name: string, layer: Buffer, message: RegExp])[] = [
      ['with .. in it', layerOf({ name: '../../evil' }), /"..\/..\/evil" leads out of the image/],
      [
        'with a link to a file of the host',
        layerOf({ name: 'passwd', type: 'hard-link', target: '/etc/shadow' }),
        /is a link to "\/etc\/shadow", which is not there/,
      ],
      [
        'that is too large',
        layerOf({ name: 'bomb', content: Buffer.alloc(30_000_000) }),
        /more than 20000000 bytes/,
      ],
      [
        'of too many files',
        makeLayer(Array.from({ length: 2_500 }, (_, at) => ({ name: `f${at}` }))),
        /more than 2000 files/,
      ],
      ['that is no archive', Buffer.from('nothing of the kind'.repeat(50)), /no tar archive/],
    ];
    badLayers.forEach(([name, layer, message], at) => {
      test(`with a layer ${name} is refused, and nothing of it stays`, async () => {
        const repository = await TestRepository.make(world, `bad-${at}`);
        await repository.pushImage('latest', [base, layer], serving());
        assert.match(await fails(await world.spawn(`bad-${at}`)), message);
        assert.ok(!(await unpacked()).some(folder => folder.startsWith(digestOf(layer).slice(7, 23))));
      });
    });

    test('with a damaged layer are refused', async () => {
      const repository = await TestRepository.make(world, 'damaged');
      const layer = layerOf({ name: 'file', content: 'x'.repeat(10_000) });
      for (const [tag, packed] of [
        ['cut', gzipSync(layer).subarray(0, 40)],
        ['other', gzipSync(layerOf({ name: 'file', content: 'y' }))],
      ] as const) {
        const config = await repository.pushBlob(imageConfig([layer]), ociConfig);
        const described = await repository.pushBlob(packed);
        await repository.putManifest(tag, imageManifest(config, [described]));
        const log = await fails(await world.spawn('damaged', { tag }));
        assert.match(log, new RegExp(`layer ${described.digest}: (unexpected end of file|it is damaged)`));
      }
    });

    test('that can’t be run say why', async () => {
      const repository = await TestRepository.make(world, 'unfit');
      const empty = await repository.pushBlob(Buffer.from('{}'), 'application/vnd.oci.empty.v1+json');
      await repository.putManifest('artifact', imageManifest(empty, [empty]));
      await repository.pushImage('nobody', [base], serving('true', { User: 'nobody-of-this-name' }));
      await repository.pushImage('nothing', [], serving());
      for (const [tag, message] of [
        ['artifact', /no image that can be run: its type is application\/vnd.oci.empty/],
        ['nobody', /its user "nobody-of-this-name" is not in its \/etc\/passwd/],
        ['nothing', /has no layers/],
      ] as const) {
        assert.match(await fails(await world.spawn('unfit', { tag })), message);
      }
    });
  });
});

function sha512Of(content: Buffer): string {
  return `sha512:${createHash('sha512').update(content).digest('hex')}`;
}

function layerOf(member: Member): Buffer {
  return makeLayer([member]);
}
