import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FileError, type FileErrorCode } from './file-error.ts';
import { PosixFiles } from './posix-files.ts';

const reading = { read: true, write: false, append: false, create: false, truncate: false, exclusive: false };
const writing = { ...reading, read: false, write: true, create: true };

async function make(t: TestContext): Promise<{ files: PosixFiles; root: string; outside: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-posix-'));
  t.after(() => rm(folder, { recursive: true }));
  const root = join(folder, 'root');
  await mkdir(root);
  const outside = join(folder, 'secret');
  await writeFile(outside, 'secret');
  const actor = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  return { files: new PosixFiles(root, actor), root, outside };
}

const refusal = (code: FileErrorCode) => (error: unknown) =>
  error instanceof FileError && error.code === code;

test('a file is written and read at any position', async t => {
  const { files, root } = await make(t);
  const file = await files.open('/f', { ...writing, permissions: 0o640 });
  await file.write(Buffer.from('world'), 6);
  await file.write(Buffer.from('hello '), 0);
  await file.change({ size: 8, times: { accessed: 1, modified: 1_000 } });
  assert.equal((await file.stat()).size, 8);
  await file.close();
  assert.equal(await readFile(join(root, 'f'), 'utf8'), 'hello wo');
  const { mode, mtimeMs } = await files.stat('/f');
  assert.deepEqual([mode & 0o777, mtimeMs], [0o640 & ~process.umask(), 1_000_000]);
  const again = await files.open('/f', { ...reading, permissions: 0 });
  const into = Buffer.alloc(100);
  assert.equal(await again.read(into, 6), 2);
  assert.equal(await again.read(into, 8), 0);
  await again.close();
  const exclusive = { ...writing, exclusive: true, permissions: 0o600 };
  await assert.rejects(files.open('/f', exclusive), refusal('EEXIST'));
});

test('names are made, moved, listed and removed', async t => {
  const { files } = await make(t);
  await files.makeFolder('/d', 0o700);
  await files.makeLink('/d/link', '../f');
  await (await files.open('/f', { ...writing, permissions: 0o644 })).close();
  assert.equal(await files.realPath('/d/link'), '/f');
  assert.equal(await files.readLink('/d/link'), '../f');
  assert.equal((await files.stat('/d/link', { link: true })).isSymbolicLink(), true);
  await assert.rejects(files.rename('/f', '/d/link', { replace: false }), refusal('EEXIST'));
  await files.rename('/f', '/d/link', { replace: true });
  assert.deepEqual(
    (await files.list('/d')).map(({ name, stats }) => [name, stats.isFile()]),
    [['link', true]],
  );
  await assert.rejects(files.removeFolder('/d'), refusal('ENOTEMPTY'));
  await files.removeFile('/d/link');
  await files.removeFolder('/d');
  await assert.rejects(files.stat('/d'), refusal('ENOENT'));
  await assert.rejects(files.list('/d'), refusal('ENOENT'));
});

test('no link leads out of the root', async t => {
  const { files, root, outside } = await make(t);
  await symlink(outside, join(root, 'absolute'));
  await symlink('../secret', join(root, 'relative'));
  for (const path of ['/absolute', '/relative', '/../secret', outside]) {
    await assert.rejects(files.open(path, { ...reading, permissions: 0 }), refusal('ENOENT'), path);
  }
  await files.change('/absolute', { mode: 0o600 }).catch(() => {});
  await files.removeFile('/absolute');
  assert.equal(await readFile(outside, 'utf8'), 'secret');
});
