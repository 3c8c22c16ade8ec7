import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { lstat, mkdtemp, open, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Member, makeLayer, sha256 } from '../testing/layers.ts';
import { LayerError } from './layer-error.ts';
import { type UnpackOptions, unpackLayer } from './unpack.ts';

const limits = { maxLayerBytes: 10_000_000, maxLayerEntries: 1_000 };
const cannotRun = process.getuid?.() !== 0 && 'owners and whiteouts can be made by root only';

interface World {
  readonly parent: string;
  readonly folder: string;
  readonly unpack: (
    archive: Buffer,
    options?: Partial<UnpackOptions>,
    plain?: Buffer,
  ) => ReturnType<typeof unpackLayer>;
}

async function makeWorld(t: TestContext): Promise<World> {
  const parent = await mkdtemp(join(tmpdir(), 'berth-layer-'));
  t.after(() => rm(parent, { recursive: true }));
  const folder = await mkdtemp(join(parent, 'layer-'));
  const unpack: World['unpack'] = async (archive, options = {}, plain = archive) => {
    await writeFile(join(parent, 'archive'), archive);
    const file = await open(join(parent, 'archive'));
    try {
      const signal = AbortSignal.timeout(10_000);
      return await unpackLayer(file, folder, { diffId: sha256(plain), limits, signal, ...options });
    } finally {
      await file.close();
    }
  };
  return { parent, folder, unpack };
}

async function unpacked(t: TestContext, members: readonly Member[]) {
  const world = await makeWorld(t);
  const layer = await world.unpack(makeLayer(members));
  return { ...world, layer };
}

function refused(members: readonly Member[], message: RegExp, name: string): void {
  test(name, async t => {
    const { unpack, parent } = await makeWorld(t);
    await assert.rejects(unpack(makeLayer(members)), (error: Error) => {
      assert.ok(error instanceof LayerError);
      assert.match(error.message, message);
      return true;
    });
    // Nothing was written beside the layer's own folder.
    assert.deepEqual(
      (await readdir(parent)).filter(file => !file.startsWith('layer-')),
      ['archive'],
    );
  });
}

describe('an unpacked layer', { skip: cannotRun }, () => {
  test('has files, folders and links with mode, owner and time', async t => {
    const { folder } = await unpacked(t, [
      { name: './', type: 'folder', mode: 0o755 },
      { name: 'bin/', type: 'folder', mode: 0o711, uid: 5, gid: 6 },
      { name: 'bin/tool', content: 'x'.repeat(100_000), mode: 0o4755, uid: 3_000_000, gid: 7 },
      { name: 'bin/again', type: 'hard-link', target: 'bin/tool' },
      { name: 'etc/alias', type: 'symbolic-link', target: '/bin/tool' },
      { name: 'tmp', type: 'folder', mode: 0o1777 },
      { name: 'etc/other', type: 'hard-link', target: 'etc/alias' },
      { name: 'pipe', type: 'fifo' },
    ]);
    const tool = await stat(join(folder, 'bin/tool'));
    assert.deepEqual([tool.mode & 0o7777, tool.uid, tool.gid, tool.size], [0o4755, 3_000_000, 7, 100_000]);
    assert.equal(tool.mtimeMs, 1_700_000_000_000);
    assert.equal((await stat(join(folder, 'bin/again'))).ino, tool.ino);
    assert.equal(await readlink(join(folder, 'etc/alias')), '/bin/tool');
    assert.equal(await readlink(join(folder, 'etc/other')), '/bin/tool');
    const bin = await stat(join(folder, 'bin'));
    assert.deepEqual([bin.mode & 0o7777, bin.uid, bin.mtimeMs], [0o711, 5, 1_700_000_000_000]);
    assert.equal((await stat(join(folder, 'tmp'))).mode & 0o7777, 0o1777);
    assert.ok((await lstat(join(folder, 'pipe'))).isFIFO());
  });

  test('may be packed with gzip, with zstd or not at all, in several parts too', async t => {
    const plain = makeLayer([{ name: 'file', content: 'content' }]);
    const half = plain.length / 2;
    const packed = [
      plain,
      gzipSync(plain),
      zstdCompressSync(plain),
      Buffer.concat([gzipSync(plain.subarray(0, half)), gzipSync(plain.subarray(half))]),
      Buffer.concat([zstdCompressSync(plain.subarray(0, half)), zstdCompressSync(plain.subarray(half))]),
    ];
    for (const archive of packed) {
      const { unpack, folder } = await makeWorld(t);
      const { sizeBytes } = await unpack(archive, {}, plain);
      assert.equal(sizeBytes, plain.length);
      assert.equal(await readFile(join(folder, 'file'), 'utf8'), 'content');
    }
  });

  test('has names of any bytes and any length', async t => {
    const long = `${'d'.repeat(120)}/${'f'.repeat(200)}`;
    const latin = Buffer.from([0x66, 0xff, 0x0a]).toString('latin1');
    const { folder } = await unpacked(t, [
      { name: long, content: '1' },
      { name: 'alias', type: 'symbolic-link', target: `/${long}` },
      { name: latin, content: '2' },
      { name: Buffer.from('für⚓').toString('latin1'), content: '3' },
    ]);
    assert.equal(await readFile(join(folder, long), 'utf8'), '1');
    assert.equal(await readlink(join(folder, 'alias')), `/${long}`);
    assert.equal(await readFile(join(folder, 'für⚓'), 'utf8'), '3');
    const raw = await readdir(folder, { encoding: 'buffer' });
    assert.ok(raw.some(name => name.toString('latin1') === latin));
  });

  test('hides what is below by devices and attributes', async t => {
    const { folder, layer } = await unpacked(t, [
      { name: 'etc', type: 'folder', mode: 0o750 },
      { name: 'etc/.wh.gone' },
      { name: 'etc/.wh.kept' },
      { name: 'etc/kept', content: 'new' },
      { name: 'var/.wh..wh..opq' },
      { name: 'var', type: 'folder', mode: 0o700 },
      { name: 'srv/.wh.data' },
      { name: 'srv/data', type: 'folder', mode: 0o711 },
      { name: '.wh..wh.plnk' },
    ]);
    const gone = await lstat(join(folder, 'etc/gone'));
    assert.ok(gone.isCharacterDevice());
    assert.equal(gone.rdev, 0);
    assert.equal(await readFile(join(folder, 'etc/kept'), 'utf8'), 'new');
    assert.deepEqual((await readdir(folder)).sort(), ['etc', 'srv', 'var']);
    assert.equal((await stat(join(folder, 'etc'))).mode & 0o777, 0o750);
    assert.equal((await stat(join(folder, 'var'))).mode & 0o777, 0o700);
    assert.deepEqual([...layer.opaqueFolders].sort(), ['srv/data', 'var']);
    for (const path of ['var', 'srv/data']) {
      assert.equal(await attributeOf(join(folder, path), 'trusted.overlay.opaque'), 'y');
    }
    assert.equal(await attributeOf(join(folder, 'etc'), 'trusted.overlay.opaque'), undefined);
  });

  test('keeps attributes of programs, and none of the overlay’s', async t => {
    const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex').toString('latin1');
    const { folder } = await unpacked(t, [
      {
        name: 'ping',
        content: 'x',
        attributes: {
          'security.capability': capability,
          'user.note': 'a=b\nc',
          'trusted.overlay.redirect': '/etc',
          'user.overlay.opaque': 'y',
        },
      },
    ]);
    const ping = join(folder, 'ping');
    assert.equal(await attributeOf(ping, 'user.note'), 'a=b\nc');
    assert.equal(await attributeOf(ping, 'security.capability'), capability);
    assert.equal(await attributeOf(ping, 'trusted.overlay.redirect'), undefined);
    assert.equal(await attributeOf(ping, 'user.overlay.opaque'), undefined);
  });

  test('has no devices', async t => {
    const { folder } = await unpacked(t, [{ name: 'null', type: 'device' }, { name: 'file' }]);
    assert.deepEqual(await readdir(folder), ['file']);
  });

  test('has the later of two members of one name', async t => {
    const { folder } = await unpacked(t, [
      { name: 'one', content: 'old' },
      { name: 'one', content: 'new' },
      { name: 'link', type: 'symbolic-link', target: 'one' },
      { name: 'link', content: 'own' },
      { name: 'data', type: 'symbolic-link', target: '/etc' },
      { name: 'data', type: 'folder' },
      { name: 'data/file', content: 'inside' },
    ]);
    assert.equal(await readFile(join(folder, 'one'), 'utf8'), 'new');
    assert.equal(await readFile(join(folder, 'link'), 'utf8'), 'own');
    assert.equal(await readFile(join(folder, 'data/file'), 'utf8'), 'inside');
  });
});

describe('no member of a layer leaves it', { skip: cannotRun }, () => {
  refused([{ name: '../evil' }], /"..\/evil" leads out/, 'by ..');
  refused([{ name: 'a/../../evil' }], /leads out/, 'by .. in the middle');
  refused([{ name: '/../evil' }], /leads out/, 'by .. after a slash');
  refused([{ name: '../.wh.evil' }], /leads out/, 'by a whiteout');
  refused([{ name: 'a', type: 'hard-link', target: '../archive' }], /leads out/, 'by a hard link');
  refused(
    [{ name: 'a', type: 'hard-link', target: '/etc/passwd' }],
    /which is not there/,
    'by a hard link to the host',
  );
  refused(
    [
      { name: 'out', type: 'symbolic-link', target: '../..' },
      { name: 'a', type: 'hard-link', target: 'out/etc/passwd' },
    ],
    /which is not there/,
    'by a hard link through a symbolic one',
  );
  refused([{ name: 'file' }, { name: 'file/below' }], /leads through a file/, 'and none is below a file');
  refused(
    [
      { name: 'a', type: 'symbolic-link', target: 'b' },
      { name: 'b', type: 'symbolic-link', target: 'a' },
      { name: 'a/file' },
    ],
    /too many links/,
    'by links that lead to each other',
  );

  test('by an absolute name: it is one of the image', async t => {
    const { folder } = await unpacked(t, [{ name: '/etc/berth-test', content: 'inside' }]);
    assert.equal(await readFile(join(folder, 'etc/berth-test'), 'utf8'), 'inside');
    await assert.rejects(lstat('/etc/berth-test'));
  });

  for (const target of ['/', '/etc', '../../../..', '/proc/1/root']) {
    test(`by a folder that is a link to ${target}: it leads to where it would in the image`, async t => {
      const { folder, parent } = await unpacked(t, [
        { name: 'out', type: 'symbolic-link', target },
        { name: 'out/berth-test', content: 'inside' },
      ]);
      const found = (await namesIn(folder)).filter(name => name === 'berth-test');
      assert.equal(found.length, 1);
      assert.equal(await readlink(join(folder, 'out')), target);
      await assert.rejects(lstat(join(parent, 'berth-test')));
      await assert.rejects(lstat('/berth-test'));
      await assert.rejects(lstat('/etc/berth-test'));
    });
  }
});

describe('a layer is refused', { skip: cannotRun }, () => {
  const plain = makeLayer([{ name: 'file', content: 'x'.repeat(50_000) }, { name: 'other' }]);

  for (const [name, archive, message] of [
    ['that is cut', plain.subarray(0, 30_000), /ends in the middle/],
    ['whose gzip is cut', gzipSync(plain).subarray(0, 60), /unexpected end of file/],
    ['whose zstd is cut', zstdCompressSync(plain).subarray(0, 40), /unexpected end of file|ZSTD|zstd/i],
    ['that is no archive', Buffer.from('not an archive'.repeat(100)), /no tar archive/],
    ['that is empty', Buffer.alloc(0), /damaged/],
  ] as const) {
    test(name, async t => {
      const { unpack } = await makeWorld(t);
      await assert.rejects(unpack(archive, { diffId: sha256(plain) }), (error: Error) => {
        assert.ok(error instanceof LayerError, error.stack);
        assert.match(error.message, message);
        return true;
      });
    });
  }

  test('that has another content than its image says', async t => {
    const { unpack } = await makeWorld(t);
    await assert.rejects(unpack(plain, { diffId: sha256(Buffer.from('other')) }), /it is damaged/);
  });

  test('that is too large when unpacked, long before all of it is', async t => {
    const { unpack, folder } = await makeWorld(t);
    const bomb = makeLayer([{ name: 'bomb', content: Buffer.alloc(50_000_000) }]);
    await assert.rejects(unpack(gzipSync(bomb), {}, bomb), /more than 10000000 bytes/);
    const written = await stat(join(folder, 'bomb')).catch(() => ({ size: 0 }));
    assert.ok(written.size <= 10_000_000);
  });

  test('that has too many files', async t => {
    const { unpack } = await makeWorld(t);
    const members = Array.from({ length: 1_001 }, (_, at) => ({ name: `file-${at}` }));
    await assert.rejects(unpack(makeLayer(members)), /more than 1000 files/);
  });

  test('when nobody wants it any more', async t => {
    const { unpack } = await makeWorld(t);
    const signal = AbortSignal.abort(new Error('not wanted'));
    await assert.rejects(unpack(plain, { signal }), /not wanted/);
  });
});

/** Names of everything in a folder, without following links. */
async function namesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const below = entries.filter(entry => entry.isDirectory()).map(entry => namesIn(join(folder, entry.name)));
  return [...entries.map(({ name }) => name), ...(await Promise.all(below)).flat()];
}

/** Python is on every machine with the tests' other tools; Node can't read attributes. */
async function attributeOf(path: string, name: string): Promise<string | undefined> {
  const program = 'import os,sys; sys.stdout.buffer.write(os.getxattr(sys.argv[1], sys.argv[2]))';
  try {
    const { stdout } = await promisify(execFile)('python3', ['-c', program, path, name], {
      encoding: 'latin1',
    });
    return stdout;
  } catch {
    return undefined;
  }
}
