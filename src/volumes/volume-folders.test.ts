import assert from 'node:assert/strict';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { VolumeFolders } from './volume-folders.ts';
import { VolumeError, type VolumeReference } from './volumes.ts';

async function folders(t: TestContext) {
  const dataDir = await realpath(await mkdtemp(join(tmpdir(), 'berth-volumes-')));
  t.after(() => rm(dataDir, { recursive: true }));
  const root = join(dataDir, 'volumes');
  const volumes = new VolumeFolders(root);
  await volumes.prepare();
  return { dataDir, root, volumes };
}

const of = (path: string, id = 'acct'): VolumeReference => ({ owner: { kind: 'account', id }, path });

/** Its path, once it was opened and closed. */
async function touch(volumes: VolumeFolders, volume: VolumeReference): Promise<string> {
  await using open = await volumes.open(volume);
  return open.path;
}

test('a volume keeps what is in it, apart from those of other paths and owners', async t => {
  const { root, volumes } = await folders(t);
  const path = await touch(volumes, of('a/b'));
  assert.equal(path, join(root, 'account/acct/a/b'));
  await writeFile(join(path, 'file'), 'text');
  assert.equal(await readFile(join(await touch(volumes, of('a/b')), 'file'), 'utf8'), 'text');
  for (const other of [
    of('a/c'),
    of('a/b', 'other'),
    { ...of('a/b'), owner: { kind: 'service', id: 'acct' } } as const,
  ])
    assert.deepEqual(await readdir(await touch(volumes, other)), []);
});

test('every user may write into a volume, but gets to it only where it is mounted', async t => {
  const { root, volumes } = await folders(t);
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  const path = await touch(volumes, of('a/b'));
  assert.equal((await stat(path)).mode & 0o777, 0o777);
  for (const above of [root, join(root, 'account'), join(root, 'account/acct')])
    assert.equal((await stat(above)).mode & 0o777, 0o700, above);
});

test('paths that could lead elsewhere are refused', async t => {
  const { dataDir, volumes } = await folders(t);
  for (const path of ['', '.', '..', '../x', 'a/../../x', 'a//b', '/a', 'a/', 'a\0b', 'ä', 'a b', 'a\\b'])
    await assert.rejects(volumes.open(of(path)), /no path of a volume/, JSON.stringify(path));
  for (const id of ['..', '', 'A/b', 'a/b']) await assert.rejects(volumes.open(of('a', id)), /no id/, id);
  assert.deepEqual(await readdir(dataDir), ['volumes']);
});

test('a link that a program has put in the way is not followed', async t => {
  const { dataDir, volumes } = await folders(t);
  const outside = join(dataDir, 'outside');
  await mkdir(outside);
  const a = await touch(volumes, of('a'));
  await symlink(outside, join(a, 'out'));
  await symlink('.', join(a, 'here'));
  await symlink('nowhere', join(a, 'dangling'));
  await writeFile(join(a, 'file'), '');
  for (const path of ['a/out', 'a/out/deep', 'a/here/b', 'a/dangling', 'a/file', 'a/file/b']) {
    await assert.rejects(
      volumes.open(of(path)),
      error => error instanceof VolumeError && !error.message.includes(dataDir),
      path,
    );
  }
  assert.deepEqual(await readdir(outside), []);
});

test('an open volume stays the same folder, whatever takes its place', {
  skip: process.platform !== 'linux',
}, async t => {
  const { dataDir, volumes } = await folders(t);
  const a = await touch(volumes, of('a'));
  await using open = await volumes.open(of('a/b'));
  await rename(open.path, join(a, 'moved'));
  await symlink(dataDir, open.path);
  await writeFile(join(open.pinnedPath, 'file'), 'text');
  assert.deepEqual(await readdir(join(a, 'moved')), ['file']);
});

test('all of an owner is removed at once, links in it are not followed', async t => {
  const { dataDir, root, volumes } = await folders(t);
  await writeFile(join(dataDir, 'kept'), '');
  const path = await touch(volumes, of('a/b'));
  await symlink(dataDir, join(path, 'link'));
  await touch(volumes, of('a', 'other'));
  assert.deepEqual((await volumes.owners('account')).sort(), ['acct', 'other']);
  assert.deepEqual(await volumes.owners('service'), []);
  await volumes.removeOwner({ kind: 'account', id: 'acct' });
  await volumes.removeOwner({ kind: 'account', id: 'acct' });
  assert.deepEqual(await volumes.owners('account'), ['other']);
  assert.deepEqual((await readdir(dataDir)).sort(), ['kept', 'volumes']);
  assert.deepEqual(await readdir(join(root, 'trash')), []);
});

test('a removal that a kill has cut short is finished at the next start', async t => {
  const { root, volumes } = await folders(t);
  const path = await touch(volumes, of('a'));
  await writeFile(join(path, 'file'), '');
  await mkdir(join(root, 'trash'));
  await rename(join(root, 'account/acct'), join(root, 'trash/half'));
  await new VolumeFolders(root).prepare();
  assert.deepEqual(await readdir(root), ['account']);
});
