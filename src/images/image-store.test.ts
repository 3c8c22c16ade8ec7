import assert from 'node:assert/strict';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeLayer, sha256 } from './testing/layers.ts';
import { ImageWorld, nothingInUse } from './testing/world.ts';

const reference = { kind: 'repository', repository: 'acme/web', reference: 'v1' } as const;
const signal = AbortSignal.timeout(60_000);
const cannotUnpack = process.getuid?.() !== 0 && 'layers are unpacked by root';

describe('an image of the store', { skip: cannotUnpack }, () => {
  const lower = makeLayer([
    { name: 'etc/passwd', content: 'root:x:0:0::/:\napp:x:7:8::/:\n' },
    { name: 'etc/group', content: 'staff:x:50:app,other\n' },
  ]);
  const upper = makeLayer([{ name: 'file', content: 'x' }]);

  test('is prepared with its layers, the topmost first, and its defaults', async t => {
    const world = await ImageWorld.make(t);
    const digest = await world.pushImage('v1', [lower, upper], {
      Entrypoint: ['/bin/app'],
      Cmd: ['--fast'],
      Env: ['A=1=2', 'PATH=/bin'],
      User: 'app',
      WorkingDir: 'srv',
      StopSignal: 'SIGQUIT',
    });
    const image = await world.images.prepare(reference, { signal });
    const folder = join(world.dataDir, 'images/layers');
    assert.deepEqual(image, {
      reference,
      digest,
      layers: [upper, lower].map(layer => join(folder, sha256(layer).slice(7, 23), 'fs')),
      config: {
        command: ['/bin/app', '--fast'],
        env: { A: '1=2', PATH: '/bin' },
        user: '7:8',
        groups: [50],
        workingDirectory: '/srv',
        stopSignal: 'SIGQUIT',
      },
    });
  });

  test('is unpacked once, for spawns at the same time and after them', async t => {
    const world = await ImageWorld.make(t);
    await world.pushImage('v1', [lower, upper]);
    const prepared = await Promise.all(
      Array.from({ length: 10 }, () => world.images.prepare(reference, { signal })),
    );
    const [top = ''] = prepared[0]?.layers ?? [];
    const { ino } = await stat(top);
    await world.reopen();
    const again = await world.images.prepare(reference, { signal });
    assert.deepEqual(again, prepared[0]);
    assert.equal((await stat(top)).ino, ino);
  });

  test('that has a layer twice lies over it once', async t => {
    const world = await ImageWorld.make(t);
    await world.pushImage('v1', [upper, lower, upper]);
    const { layers } = await world.images.prepare(reference, { signal });
    assert.deepEqual(
      layers.map(path => path.split('/').at(-2)),
      [upper, lower].map(one => sha256(one).slice(7, 23)),
    );
  });

  test('goes on being unpacked for others when one of them does not want it any more', async t => {
    const world = await ImageWorld.make(t);
    const files = Array.from({ length: 500 }, (_, at) => ({ name: `f${at}`, content: 'x'.repeat(20_000) }));
    await world.pushImage('v1', [makeLayer(files)]);
    const first = new AbortController();
    const second = new AbortController();
    const impatient = world.images.prepare(reference, { signal: first.signal });
    const patient = world.images.prepare(reference, { signal: second.signal });
    setTimeout(() => first.abort(new Error('not wanted')), 5);
    await assert.rejects(impatient, /not wanted/);
    assert.equal((await patient).layers.length, 1);
  });

  test('that nobody wants any more leaves nothing', async t => {
    const world = await ImageWorld.make(t);
    const files = Array.from({ length: 1_000 }, (_, at) => ({ name: `f${at}`, content: 'x'.repeat(20_000) }));
    await world.pushImage('v1', [makeLayer(files)]);
    const abort = new AbortController();
    const preparing = world.images.prepare(reference, { signal: abort.signal });
    setTimeout(() => abort.abort(new Error('not wanted')), 20);
    await assert.rejects(preparing, /not wanted/);
    const image = await world.images.prepare(reference, { signal });
    assert.equal(image.layers.length, 1);
    assert.equal((await world.layerFolders()).length, 1);
  });

  test('is unpacked again where a killed server, or a machine, may have left a part of it', async t => {
    const world = await ImageWorld.make(t);
    await world.pushImage('v1', [upper]);
    const [top = ''] = (await world.images.prepare(reference, { signal })).layers;
    world.clock.pass(20 * 60_000);
    await world.images.collectGarbage(nothingInUse);
    const record = join(top, '../layer.json');

    // Half made by a killed server.
    await mkdir(join(world.dataDir, 'images/layers/.half/fs'), { recursive: true });
    await world.reopen();
    assert.equal((await world.layerFolders()).length, 1);
    // The machine was switched off, but the layer had been brought to the disk.
    const told = JSON.parse(await readFile(record, 'utf8')) as object;
    await writeFile(record, JSON.stringify({ ...told, bootId: 'another' }));
    await world.reopen();
    assert.equal((await world.layerFolders()).length, 1);
    // It had not.
    await rm(join(top, '../on-disk'));
    await world.reopen();
    assert.deepEqual(await world.layerFolders(), []);
    assert.equal((await world.images.prepare(reference, { signal })).layers.length, 1);
  });

  test('is refused when it has more layers than an overlay can take', async t => {
    const world = await ImageWorld.make(t);
    const layers = Array.from({ length: 128 }, (_, at) => makeLayer([{ name: 'file', content: `${at}` }]));
    await world.pushImage('v1', layers);
    await assert.rejects(world.images.prepare(reference, { signal }), /has 128 layers; there may be 127$/);
    assert.deepEqual(await world.layerFolders(), []);
  });
});
