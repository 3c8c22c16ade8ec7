import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FileNews, first } from './sdk.ts';
import type { SdkUser } from './user.ts';

export function fileCases(user: SdkUser): void {
  test('files are written, read, listed, copied, moved and removed', async () => {
    const sprite = await user.shared();
    const files = sprite.filesystem('/home/sprite/work');
    await files.writeFile('a/b.txt', 'hello', { mode: 0o600 });
    assert.equal(await files.readFile('a/b.txt', 'utf8'), 'hello');
    assert.deepEqual(await files.readFile('/home/sprite/work/a/b.txt'), Buffer.from('hello'));
    const stats = await files.stat('a/b.txt');
    assert.deepEqual([stats.size, stats.mode, stats.isFile()], [5, 0o600, true]);
    assert.ok(stats.mtime.getTime() > 0);
    await files.appendFile('a/b.txt', ' there');
    await files.appendFile('a/new.txt', 'new');
    assert.equal(await files.readFile('a/b.txt', 'utf8'), 'hello there');
    await files.mkdir('deep/er', { recursive: true });
    // The library's own `stat` of a folder is that of the first file in it.
    assert.equal((await files.stat('deep')).isDirectory(), true);
    assert.deepEqual(await files.readdir('deep/er'), []);
    assert.deepEqual(await files.readdir('a'), ['b.txt', 'new.txt']);
    assert.deepEqual(await files.readdir('.', { recursive: true, pattern: '*.txt' }), ['b.txt', 'new.txt']);
    const entries = await files.readdir('.', { withFileTypes: true });
    assert.deepEqual(
      entries.map(entry => typeof entry === 'object' && [entry.name, entry.isDirectory()]),
      [
        ['a', true],
        ['deep', true],
      ],
    );
    await files.rename('a/new.txt', 'a/old.txt');
    await files.copyFile('a', 'copy', { recursive: true, preserveAttrs: true });
    assert.equal(await files.readFile('copy/old.txt', 'utf8'), 'new');
    await files.chmod('copy', 0o700, { recursive: true });
    assert.equal((await files.stat('copy/old.txt')).mode, 0o700);
    await files.writeJSON('data.json', { n: [1, 2] }, { spaces: 2 });
    assert.deepEqual(await files.readJSON('data.json'), { n: [1, 2] });
    await files.rm('copy', { recursive: true });
    await files.rm('copy', { force: true });
    assert.equal(await files.exists('copy'), false);
    assert.equal(await files.exists('a/b.txt'), true);
    assert.equal((await sprite.execFile('cat', ['work/a/b.txt'])).stdout, 'hello there');
  });

  // Without isolation everything belongs to the user of the server.
  if (user.isIsolated) {
    test('files change hands', async () => {
      const sprite = await user.shared();
      const files = sprite.filesystem('/home/sprite');
      await files.writeFile('f', 'x');
      await files.chown('f', { uid: 'root', gid: 0, asRoot: true });
      assert.equal((await sprite.execFile('stat', ['-c', '%u %g', 'f'])).stdout, '0 0\n');
      await assert.rejects(files.chmod('f', 0o777), { code: 'EPERM' });
      await files.chmod('f', 0o640, { asRoot: true });
    });
  }

  test('changes of files are watched', async () => {
    const sprite = await user.sprite();
    const watcher = await sprite.filesystem('/home/sprite').watch('.', { recursive: true });
    assert.equal((await watcher.next())?.type, 'subscribed');
    await sprite.execFile('sh', ['-c', 'mkdir d; echo x > d/f']);
    const isIt = ({ path, event }: FileNews): boolean => path === '/home/sprite/d/f' && event === 'create';
    assert.equal((await first(watcher, isIt)).isDir, false);
    watcher.close();
    assert.equal(watcher.isClosed(), true);
  });

  test("failures are the library's own errors, with code and path", async () => {
    const sprite = await user.shared();
    const files = sprite.filesystem('/home/sprite');
    await assert.rejects(files.readFile('none'), error => {
      assert.ok(error instanceof user.sdk.FilesystemError);
      assert.deepEqual([error.code, error.path], ['ENOENT', '/home/sprite/none']);
      return true;
    });
    await files.writeFile('full/file', 'x');
    await assert.rejects(files.rm('full'), { code: 'ENOTEMPTY' });
    await assert.rejects(files.readFile('full'), { code: 'EISDIR' });
    await assert.rejects(files.readFile('full/file/more'), { code: 'ENOTDIR' });
    await assert.rejects(files.rm('/', { recursive: true }), { code: 'EPERM' });
    if (user.isIsolated) await assert.rejects(files.writeFile('/etc/mine', 'x'), { code: 'EACCES' });
  });
}
