import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Member, makeLayer } from '../../src/images/testing/layers.ts';
import { berthProgram, eventually, forEachRuntime, runBerth } from '../support/index.ts';
import { baseLayer, cannotRunImages, serving } from './busybox.ts';
import { digestOf, imageConfig, json, ociConfig, ociLayer, ociManifest } from './registry-client.ts';

const serve = ['--command', `["/bin/sh", "-c", "exec httpd -f -p $PORT -h /www"]`];

describe('images made of files', { skip: cannotRunImages }, () => {
  forEachRuntime('by the command line', { runtimes: ['oci'], concurrency: 4 }, world => {
    const base = baseLayer();
    let folder = '';
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'berth-image-files-'));
    });
    after(() => rm(folder, { recursive: true, force: true }));

    const image = async (...args: string[]) => await runBerth(world.server, ['image', ...args]);
    async function made(...args: string[]): Promise<{ digest: string; service: string; tag: string }> {
      const { code, stdout, stderr } = await image(...args, '--json');
      assert.equal(code, 0, stderr);
      return JSON.parse(stdout) as { digest: string; service: string; tag: string };
    }
    async function file(name: string, content: Buffer): Promise<string> {
      await writeFile(join(folder, name), content);
      return join(folder, name);
    }
    async function page(service: string, path = '/', body = {}): Promise<string> {
      const backend = await world.spawn(service, body);
      await backend.reaches('Ready');
      return (await backend.request(path)).text;
    }

    test('a root file system, packed or not, runs with a command', async () => {
      for (const [name, content] of [
        ['plain.tar', base],
        ['packed.tar.gz', gzipSync(base)],
        ['packed.tar.zst', zstdCompressSync(base)],
      ] as const) {
        const { service } = await made(
          'import',
          await file(name, content),
          `root-${name.replaceAll('.', '-')}`,
          ...serve,
        );
        assert.equal(await page(service), 'the first page\n', name);
      }
      const { stdout, stderr } = await image('import', join(folder, 'plain.tar'), 'bare:v1');
      assert.match(stdout, /^bare:v1 is sha256:[0-9a-f]{64}\n$/);
      assert.match(stderr, /Service bare is new\.[\s\S]*It has nothing to run/);
    });

    const config = imageConfig([base], serving());
    const manifest = json({
      schemaVersion: 2,
      mediaType: ociManifest,
      config: { mediaType: ociConfig, digest: digestOf(config), size: config.length },
      layers: [{ mediaType: ociLayer, digest: digestOf(base), size: base.length }],
    });
    const blob = (content: Buffer): Member => ({
      name: `blobs/sha256/${digestOf(content).slice(7)}`,
      content,
    });
    const index = (name: string) => ({
      schemaVersion: 2,
      manifests: [
        {
          mediaType: ociManifest,
          digest: digestOf(manifest),
          size: manifest.length,
          annotations: { 'org.opencontainers.image.ref.name': name },
        },
      ],
    });
    const layout: Member = { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' };

    test('an OCI layout keeps its digest, unless something is said otherwise', async () => {
      const members = [
        layout,
        { name: './index.json', content: json(index('kept:v3')) },
        blob(base),
        blob(config),
        blob(manifest),
      ];
      const path = await file('layout.tar', makeLayer(members));
      const first = await made('import', path);
      assert.deepEqual([first.service, first.tag, first.digest], ['kept', 'v3', digestOf(manifest)]);
      assert.equal(await page('kept', '/', { tag: 'v3' }), 'the first page\n');
      const changed = await made('import', path, 'kept:changed', '--env', 'A=1');
      assert.notEqual(changed.digest, first.digest);
    });

    test('what Docker saves runs, also with layers that are links to each other', async () => {
      const upper = makeLayer([{ name: 'www/index.html', content: 'the second page\n' }]);
      const saved = imageConfig([base, upper, base], serving());
      const name = `${digestOf(saved).slice(7)}.json`;
      const path = await file(
        'saved.tar',
        makeLayer([
          { name: 'a/layer.tar', content: base },
          { name: 'b/layer.tar', content: gzipSync(upper) },
          { name: 'c/layer.tar', type: 'symbolic-link', target: '../a/layer.tar' },
          { name, content: saved },
          {
            name: 'manifest.json',
            content: json([
              { Config: name, RepoTags: ['example.org/saved:v1'], Layers: ['a/layer.tar', 'b/layer.tar'] },
              { Config: name, RepoTags: ['other:v1'], Layers: ['a/layer.tar', 'b/layer.tar', 'c/layer.tar'] },
            ]),
          },
        ]),
      );
      const several = await image('import', path);
      assert.equal(several.code, 1);
      assert.match(several.stderr, /has 2 images; choose one with --image: example\.org\/saved:v1, other:v1/);
      const { service, tag } = await made('import', path, '--image', 'other:v1');
      assert.deepEqual([service, tag], ['other', 'v1']);
      assert.equal(await page('other', '/', { tag: 'v1' }), 'the first page\n');
    });

    test('files that are no images are refused, with what is wrong', async () => {
      const members = [
        layout,
        { name: 'index.json', content: json(index('x')) },
        blob(config),
        blob(manifest),
      ];
      for (const [name, content, message] of [
        ['text', Buffer.from('nothing of the kind'.repeat(50)), /can't be imported: it is no tar archive/],
        ['cut', base.subarray(0, 5_000), /can't be imported: it ends in the middle/],
        ['cut.gz', gzipSync(base).subarray(0, 5_000), /can't be imported: unexpected end of file/],
        ['empty', makeLayer([]), /has nothing in it/],
        ['lacking', makeLayer(members), /not complete: it lacks sha256:/],
      ] as const) {
        const { code, stderr } = await image('import', await file(name, content), 'refused');
        assert.equal(code, 1);
        assert.match(stderr, message);
      }
      assert.match((await image('import', join(folder, 'nope'), 'refused')).stderr, /can't be read: ENOENT/);
      assert.match((await image('import', folder, 'refused')).stderr, /is no file/);
      assert.deepEqual((await world.api('/berth/v1/images?service=refused')).ok().images, []);
    });

    test('a folder is built on an image of another service, the same each time', async () => {
      await made('import', await file('base.tar', base), 'basis:v1', ...serve, '--env', 'KEPT=yes');
      const project = join(folder, 'my project');
      await mkdir(join(project, 'secret'), { recursive: true });
      await writeFile(join(project, 'page.html'), 'a page of my own\n');
      await writeFile(join(project, 'secret/key'), 'hidden');
      await writeFile(join(project, '.dockerignore'), 'secret\n');
      const build = ['build', project, '--base', 'basis:v1', '--into', '/www', '--env', 'MORE=1'];
      const first = await made(...build);
      assert.deepEqual([first.service, first.tag], ['my-project', 'latest']);
      assert.equal((await made(...build, '--name', 'my-project:again')).digest, first.digest);
      const backend = await world.spawn('my-project');
      await backend.reaches('Ready');
      assert.equal((await backend.request('/page.html')).text, 'a page of my own\n');
      assert.equal((await backend.request('/index.html')).text, 'the first page\n');
      assert.equal((await backend.request('/secret/key')).status, 404);

      const shown = await made(
        'build',
        project,
        '-b',
        'my-project',
        '-n',
        'shown',
        '-c',
        '/bin/sh -c "env; pwd; sleep 60"',
      );
      assert.equal(shown.service, 'shown');
      const env = await world.spawn('shown');
      const log = await eventually('its output', async () => {
        const lines = await env.log('?follow=false');
        return lines.includes('/app') ? lines : undefined;
      });
      assert.ok(log.includes('KEPT=yes') && log.includes('MORE=1') && log.includes('/app'), log.join());
    });

    test('a folder is built on nothing at all', async () => {
      const root = join(folder, 'alone');
      await mkdir(join(root, 'bin'), { recursive: true });
      await promisify(execFile)('cp', ['/bin/busybox', join(root, 'bin/httpd')]);
      await made(
        'build',
        root,
        '--base',
        'scratch',
        '--into',
        '/',
        '--workdir',
        '/',
        '-c',
        '/bin/httpd -f -p 8080',
      );
      const backend = await world.spawn('alone');
      await backend.reaches('Ready');
    });

    test('what can’t be built says why', async () => {
      for (const [args, code, message] of [
        [['build', folder], 2, /required option '-b, --base/],
        [['build', join(folder, 'nope'), '--base', 'scratch', '-c', 'x'], 1, /is no folder/],
        [['build', folder, '--base', 'scratch'], 2, /nothing to run/],
        [['build', folder, '--base', 'nobody:v1', '-c', 'x'], 1, /./],
        [['build', folder, '--base', 'basis:nope', '-c', 'x'], 1, /./],
        [['build', folder, '--base', 'A B', '-c', 'x'], 2, /must look like/],
        [['build', folder, '--base', 'scratch', '-c', 'a "b'], 2, /quotes in pairs/],
        [['build', folder, '--base', 'scratch', '--into', 'relative'], 2, /absolute path/],
        [['create', 'plan9'], 2, /There is "debian"/],
        [['create', 'debian', '--suite', '-x'], 2, /small letters/],
      ] as const) {
        const result = await image(...args);
        assert.equal(result.code, code, `${args.join(' ')}: ${result.stderr}`);
        assert.match(result.stderr, message);
      }
    });

    test('a base of Debian’s packages is made by mmdebstrap', async () => {
      const tools = join(folder, 'tools');
      await mkdir(tools);
      await file('root.tar', base);
      const script = `#!/bin/sh
echo "$@" > "${folder}/arguments"
echo "I: downloading packages..." >&2
[ "$3" = broken ] && { echo "E: no such release" >&2; exit 1; }
cp "${folder}/root.tar" "$4"
`;
      await writeFile(join(tools, 'mmdebstrap'), script);
      await chmod(join(tools, 'mmdebstrap'), 0o755);
      const create = async (...args: string[]) =>
        await promisify(execFile)(berthProgram, ['image', 'create', 'debian', ...args], {
          env: {
            PATH: `${tools}:${process.env.PATH}`,
            BERTH_URL: world.server.url,
            BERTH_TOKEN: world.server.token,
          },
        });
      const { stdout, stderr } = await create('--include', 'curl,git', '--suite', 'trixie');
      assert.match(stdout, /^debian:latest is sha256:/);
      assert.match(stderr, /Service debian is new/);
      const { stdout: told } = await promisify(execFile)('cat', [join(folder, 'arguments')]);
      assert.match(told, /^--variant=minbase --include=curl,git trixie \/\S+\/root\.tar\n$/);
      await made('build', join(folder, 'tools'), '--base', 'debian', '-n', 'on-debian', ...serve);
      assert.equal(await page('on-debian'), 'the first page\n');
      await assert.rejects(
        create('--include', 'x', '--suite', 'broken'),
        /could not make broken:\n {2}E: no such release/,
      );
    });
  });
});
