import assert from 'node:assert/strict';
import { lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { type Actor, root } from './actor.ts';
import { isMatch } from './file-entry.ts';
import { SandboxFiles } from './sandbox-files.ts';

const user: Actor = { uid: 1000, gid: 1000 };
const isRoot = process.getuid?.() === 0;
const needsRoot = { skip: !isRoot && 'needs root' };

/** A sandbox's root beside a secret of the host, which nothing in the root may lead to. */
async function makeWorld(t: TestContext, actor: Actor = root) {
  const outside = await mkdtemp(join(tmpdir(), 'berth-files-'));
  t.after(() => rm(outside, { recursive: true }));
  const inside = join(outside, 'root');
  await mkdir(inside);
  await writeFile(join(outside, 'secret'), 'of the host');
  return { outside, inside, files: new SandboxFiles(inside, actor) };
}

async function read(files: SandboxFiles, path: string): Promise<string> {
  const file = await files.openFile(path);
  try {
    return await text(file.content());
  } finally {
    await file.close();
  }
}

async function* content(...parts: string[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield Buffer.from(part);
}

test('a file is written as a whole, with its mode, and read again', async t => {
  const { files, inside } = await makeWorld(t);
  const wide = { mode: 0o640, makeParents: true };
  assert.deepEqual(await files.write('/a/b/f', content('hel', 'lo'), wide), { size: 5 });
  assert.equal(await read(files, '/a/b/f'), 'hello');
  assert.equal((await lstat(join(inside, 'a/b/f'))).mode & 0o777, 0o640);
  await assert.rejects(files.write('/none/f', content('x'), { mode: 0o644 }), { code: 'ENOENT' });
  async function* broken(): AsyncGenerator<Buffer> {
    yield Buffer.from('half');
    throw new Error('the client has left');
  }
  await assert.rejects(files.write('/a/b/f', broken(), { mode: 0o644 }));
  assert.equal(await read(files, '/a/b/f'), 'hello');
  assert.deepEqual(await readdir(join(inside, 'a/b')), ['f']);
});

test('a part of a file is read', async t => {
  const { files } = await makeWorld(t);
  await files.write('/f', content('0123456789'), { mode: 0o644 });
  const file = await files.openFile('/f');
  assert.equal(file.sizeBytes, 10);
  assert.equal(await text(file.content({ start: 2, end: 4 })), '234');
  await file.close();
});

test('links are resolved inside the root, wherever they point', async t => {
  const { files, inside, outside } = await makeWorld(t);
  await mkdir(join(inside, 'etc'));
  await mkdir(join(inside, 'a'));
  await writeFile(join(inside, 'etc/passwd'), 'of the sandbox');
  for (const [name, target] of [
    ['absolute', '/etc/passwd'],
    ['up', '../../../../etc/passwd'],
    ['a/relative', '../etc/passwd'],
    ['chain', 'absolute'],
    ['host', join(outside, 'secret')],
    ['dots', '../../secret'],
    ['loop', 'loop'],
  ] as const) {
    await symlink(target, join(inside, name));
  }
  for (const path of [
    '/absolute',
    '/up',
    '/a/relative',
    '/chain',
    '/a/../../../absolute',
    '/../etc/passwd',
  ]) {
    assert.equal(await read(files, path), 'of the sandbox', path);
  }
  for (const path of ['/host', '/dots', '/../secret', '/a/../../secret']) {
    await assert.rejects(read(files, path), { code: 'ENOENT' }, path);
  }
  await assert.rejects(read(files, '/loop'), { code: 'ELOOP' });
  await files.write('/host', content('x'), { mode: 0o644, makeParents: true });
  assert.equal(await readFile(join(outside, 'secret'), 'utf8'), 'of the host');
});

test('a link that is changed again and again never leads out', async t => {
  const { files, inside, outside } = await makeWorld(t);
  await mkdir(join(inside, 'real'));
  await writeFile(join(inside, 'real/secret'), 'of the sandbox');
  await symlink(outside, join(inside, 'out'));
  let running = true;
  const swapping = (async () => {
    while (running) {
      await rename(join(inside, 'real'), join(inside, 'aside')).catch(() => {});
      await symlink(outside, join(inside, 'real')).catch(() => {});
      await rm(join(inside, 'real'), { force: true }).catch(() => {});
      await rename(join(inside, 'aside'), join(inside, 'real')).catch(() => {});
    }
  })();
  for (let i = 0; i < 300; i++) {
    const found = await read(files, '/real/secret').catch(error => error.code);
    assert.ok(['of the sandbox', 'ENOENT', 'ENOTDIR', 'ELOOP'].includes(found), found);
    await files.write('/real/secret', content('of the sandbox'), { mode: 0o644 }).catch(() => {});
    await files.delete('/real/other', { recursive: true }).catch(() => {});
  }
  running = false;
  await swapping;
  assert.equal(await readFile(join(outside, 'secret'), 'utf8'), 'of the host');
});

test('a folder is listed by name, a file lists itself', async t => {
  const { files } = await makeWorld(t);
  for (const path of ['/d/b.txt', '/d/a.txt', '/d/sub/c.txt', '/d/sub/x.md']) {
    await files.write(path, content('12345'), { mode: 0o644, makeParents: true });
  }
  const names = async (path: string, options = {}) =>
    (await files.list(path, options)).map(({ path }) => path);
  assert.deepEqual(await names('/d'), ['/d/a.txt', '/d/b.txt', '/d/sub']);
  assert.deepEqual(await names('/d/', { recursive: true, pattern: '*.txt' }), [
    '/d/a.txt',
    '/d/b.txt',
    '/d/sub/c.txt',
  ]);
  const [itself, ...others] = await files.list('/d/a.txt', {});
  assert.deepEqual(others, []);
  assert.deepEqual(
    [itself?.name, itself?.path, itself?.type, itself?.size, itself?.mode, itself?.isDir],
    ['a.txt', '/d/a.txt', 'file', 5, 0o644, false],
  );
  assert.deepEqual(
    (await files.list('/', {})).map(({ path, type }) => [path, type]),
    [['/d', 'directory']],
  );
  await assert.rejects(files.list('/none', {}), { code: 'ENOENT' });
});

test('what is deleted is told; a folder only with all that is in it', async t => {
  const { files, inside, outside } = await makeWorld(t);
  for (const path of ['/d/a', '/d/e/b'])
    await files.write(path, content('x'), { mode: 0o644, makeParents: true });
  await symlink(outside, join(inside, 'd/out'));
  await assert.rejects(files.delete('/d', {}), { code: 'ENOTEMPTY' });
  await assert.rejects(files.delete('/', { recursive: true }), { code: 'EPERM' });
  await assert.rejects(files.delete('/none', {}), { code: 'ENOENT' });
  assert.deepEqual((await files.delete('/d', { recursive: true })).sort(), [
    '/d',
    '/d/a',
    '/d/e',
    '/d/e/b',
    '/d/out',
  ]);
  assert.deepEqual(await readdir(outside), ['root', 'secret']);
});

test('files are renamed and copied', async t => {
  const { files, inside } = await makeWorld(t);
  for (const path of ['/d/a', '/d/e/b']) {
    await files.write(path, content('12345'), { mode: 0o600, makeParents: true });
  }
  await files.rename('/d/a', '/d/c');
  assert.deepEqual((await readdir(join(inside, 'd'))).sort(), ['c', 'e']);
  await assert.rejects(files.rename('/none', '/x'), { code: 'ENOENT' });
  await assert.rejects(files.copy('/d', '/copy', {}), { code: 'EISDIR' });
  const { copied, totalBytes } = await files.copy('/d', '/copy', { recursive: true });
  assert.equal(totalBytes, 10);
  assert.deepEqual(copied.map(({ dest }) => dest).sort(), ['/copy', '/copy/c', '/copy/e', '/copy/e/b']);
  assert.equal(await read(files, '/copy/e/b'), '12345');
  assert.equal((await lstat(join(inside, 'copy/c'))).mode & 0o777, 0o600);
  await files.copy('/d/c', '/copy/e', {});
  assert.equal(await read(files, '/copy/e/c'), '12345');
  await assert.rejects(files.copy('/d', '/d/e/inner', { recursive: true }), { code: 'EINVAL' });
});

test('modes and owners are changed, recursively where it is asked for', needsRoot, async t => {
  const { files, inside } = await makeWorld(t);
  await files.write('/d/a', content('x'), { mode: 0o644, makeParents: true });
  assert.deepEqual(await files.chmod('/d', 0o700, true), ['/d', '/d/a']);
  assert.equal((await lstat(join(inside, 'd/a'))).mode & 0o777, 0o700);
  assert.deepEqual(await files.chown('/d', { uid: 1000 }, false), ['/d']);
  const { uid, gid } = await lstat(join(inside, 'd'));
  assert.deepEqual([uid, gid], [1000, 0]);
});

test('an actor may do what its user may', needsRoot, async t => {
  const { inside, files } = await makeWorld(t, user);
  const asRoot = new SandboxFiles(inside, root);
  await asRoot.write('/secret', content('x'), { mode: 0o600 });
  await asRoot.write('/public', content('x'), { mode: 0o644 });
  await asRoot.write('/closed/f', content('x'), { mode: 0o644, makeParents: true });
  await asRoot.chmod('/closed', 0o700);
  await asRoot.write('/home/keep', content('x'), { mode: 0o644, makeParents: true });
  await asRoot.chown('/home', user);
  await asRoot.chmod('/', 0o755);
  assert.equal(await read(files, '/public'), 'x');
  await assert.rejects(read(files, '/secret'), { code: 'EACCES' });
  await assert.rejects(read(files, '/closed/f'), { code: 'EACCES' });
  await assert.rejects(files.list('/closed', {}), { code: 'EACCES' });
  await assert.rejects(files.write('/public', content('y'), { mode: 0o644 }), { code: 'EACCES' });
  await assert.rejects(files.delete('/public', {}), { code: 'EACCES' });
  await assert.rejects(files.chmod('/public', 0o777), { code: 'EPERM' });
  await assert.rejects(files.chown('/public', user), { code: 'EPERM' });
  await files.write('/home/mine', content('y'), { mode: 0o644 });
  const { uid, gid } = await lstat(join(inside, 'home/mine'));
  assert.deepEqual([uid, gid], [1000, 1000]);
  await files.chmod('/home/mine', 0o600);
  await files.delete('/home/mine', {});
});

test('a folder is no file, a pipe is neither', async t => {
  const { files } = await makeWorld(t);
  await files.write('/d/a', content('x'), { mode: 0o644, makeParents: true });
  await assert.rejects(read(files, '/d'), { code: 'EISDIR' });
  await assert.rejects(read(files, '/'), { code: 'EISDIR' });
  await assert.rejects(read(files, '/d/a/b'), { code: 'ENOTDIR' });
  await assert.rejects(files.write('/d', content('x'), { mode: 0o644 }), { code: 'EISDIR' });
  await assert.rejects(read(files, '/a\0b'), { code: 'EINVAL' });
});

for (const [pattern, name, fits] of [
  ['*', 'a.txt', true],
  ['*.txt', 'a.txt', true],
  ['*.txt', 'a.md', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['[a-c]x', 'bx', true],
  ['[!a-c]x', 'bx', false],
  ['[]', '[]', true],
  ['a*b*c', 'a-b-b-c', true],
  ['.*', '.hidden', true],
  [`${'*a'.repeat(30)}b`, 'a'.repeat(200), false],
] as const) {
  test(`${pattern.slice(0, 20)} ${fits ? 'fits' : 'does not fit'} ${name.slice(0, 20)}`, () => {
    assert.equal(isMatch(name, pattern), fits);
  });
}
