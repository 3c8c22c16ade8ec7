import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Layer } from '../layers/layer-store.ts';
import { readLayered } from './layered-files.ts';

/** @param layers the topmost first: path -> content, or `-> TARGET` for a link, or `dir` */
async function read(
  t: TestContext,
  layers: readonly Readonly<Record<string, string>>[],
  path: string,
  opaque: readonly (readonly string[])[] = [],
): Promise<string | undefined> {
  const made: Layer[] = [];
  for (const [at, files] of layers.entries()) {
    const folder = await mkdtemp(join(tmpdir(), 'berth-layered-'));
    t.after(() => rm(folder, { recursive: true }));
    for (const [name, content] of Object.entries(files)) {
      const file = join(folder, name);
      await mkdir(dirname(file), { recursive: true });
      if (content === 'dir') await mkdir(file, { recursive: true });
      else if (content.startsWith('-> ')) await symlink(content.slice(3), file);
      else await writeFile(file, content);
    }
    made.push({ path: folder, opaqueFolders: opaque[at] ?? [] });
  }
  return readLayered(made, path, 1_000);
}

describe('a file of layers', () => {
  test('is that of the topmost layer that has it', async t => {
    assert.equal(await read(t, [{ 'etc/a': 'new' }, { 'etc/a': 'old' }], 'etc/a'), 'new');
    assert.equal(await read(t, [{ 'etc/b': '' }, { 'etc/a': 'old' }], '/etc/a'), 'old');
    assert.equal(await read(t, [{ 'etc/b': '' }], 'etc/a'), undefined);
    assert.equal(await read(t, [], 'etc/a'), undefined);
  });

  test('is not seen through a folder that hides what is below', async t => {
    assert.equal(await read(t, [{ etc: 'dir' }, { 'etc/a': 'old' }], 'etc/a', [['etc']]), undefined);
    assert.equal(await read(t, [{ etc: 'dir' }, { 'etc/x/a': 'old' }], 'etc/x/a', [['etc']]), undefined);
    assert.equal(await read(t, [{}, { 'etc/a': 'old' }], 'etc/a', [['']]), undefined);
    assert.equal(await read(t, [{ 'etc/a': 'dir' }, { 'etc/a': 'old' }], 'etc/a'), undefined);
    assert.equal(await read(t, [{ etc: 'file' }, { 'etc/a': 'old' }], 'etc/a'), undefined);
  });

  test('is found through links, which never lead out', async t => {
    assert.equal(await read(t, [{ etc: '-> /usr/etc' }, { 'usr/etc/a': 'linked' }], 'etc/a'), 'linked');
    assert.equal(await read(t, [{ 'etc/a': '-> ../../../b' }, { b: 'inside' }], 'etc/a'), 'inside');
    assert.equal(await read(t, [{ 'etc/a': '-> /etc/passwd' }], 'etc/a'), undefined);
    assert.equal(await read(t, [{ 'etc/a': '-> b', 'etc/b': '-> a' }], 'etc/a'), undefined);
  });

  test('is left alone where it is too large', async t => {
    assert.equal(await read(t, [{ a: 'x'.repeat(1_001) }], 'a'), undefined);
  });
});
