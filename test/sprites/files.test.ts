import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachRuntime } from '../support/index.ts';
import { assertRefused, TestSprite } from './support.ts';

forEachRuntime('files of a sprite', {}, world => {
  test('are written, read, listed and deleted', async () => {
    const sprite = await TestSprite.create(world);
    const put = (path: string, body: string) => sprite.api(`/fs/write?${path}`, { method: 'PUT', body });
    const written = await put('path=/tmp/a/f&mkdirParents=true&mode=0640', 'hello');
    assert.deepEqual(written.ok(), { path: '/tmp/a/f', size: 5, mode: '0640' });
    assert.equal((await sprite.api('/fs/read?path=/tmp/a/f')).text, 'hello');
    const part = await sprite.api('/fs/read?path=/tmp/a/f', { headers: { range: 'bytes=1-3' } });
    assert.deepEqual([part.status, part.text, part.headers['content-range']], [206, 'ell', 'bytes 1-3/5']);
    const { entries, count } = (await sprite.api('/fs/list?path=/tmp/a/f')).ok<{
      entries: Record<string, unknown>[];
      count: number;
    }>();
    assert.equal(count, 1);
    const { modTime, ...entry } = entries[0] ?? {};
    assert.match(String(modTime), /^\d{4}-.*Z$/);
    assert.deepEqual(entry, {
      name: 'f',
      path: '/tmp/a/f',
      type: 'file',
      size: 5,
      mode: '0640',
      isDir: false,
    });
    const gone = await sprite.api('/fs/delete?path=/tmp/a&recursive=true', { method: 'DELETE' });
    assert.deepEqual(gone.ok(), { deleted: ['/tmp/a/f', '/tmp/a'], count: 2 });
    const missing = await sprite.api('/fs/read?path=/tmp/a/f');
    assertRefused(missing, 404, 'not found');
    assert.deepEqual([missing.json().code, missing.json().path], ['ENOENT', '/tmp/a/f']);
  });

  test('are seen by commands, and theirs by requests', async () => {
    const sprite = await TestSprite.create(world);
    await sprite.api('/fs/write?path=from-outside&workingDir=/home/sprite', { method: 'PUT', body: 'x' });
    assert.equal((await sprite.run('cat', 'from-outside')).stdout, 'x');
    await sprite.run('sh', '-c', 'mkdir d; echo inside > d/file; ln -s d/file link');
    assert.equal((await sprite.api('/fs/read?path=/home/sprite/link')).text, 'inside\n');
    const moved = await sprite.api('/fs/rename', {
      body: { source: 'd', dest: 'e', workingDir: '/home/sprite' },
    });
    assert.equal(moved.status, 200, moved.text);
    assert.equal((await sprite.run('ls', 'e')).stdout, 'file\n');
    const copy = await sprite.api('/fs/copy', {
      body: { source: '/home/sprite/e', dest: '/home/sprite/f', recursive: true },
    });
    assert.equal(copy.ok().totalBytes, 7);
    const changed = await sprite.api('/fs/chmod', { body: { path: '/home/sprite/f/file', mode: '0600' } });
    assert.deepEqual(changed.ok().affected, [{ path: '/home/sprite/f/file', mode: '0600' }]);
  });

  test('of the machine are out of reach, whatever links say', async () => {
    const sprite = await TestSprite.create(world);
    await sprite.run('sh', '-c', 'ln -s /etc/shadow s; ln -s ../../../../../../etc/shadow t');
    for (const path of ['/home/sprite/s', '/home/sprite/t', '/../../../../etc/shadow']) {
      const answer = await sprite.api(`/fs/read?asRoot=true&path=${encodeURIComponent(path)}`);
      assert.ok(answer.status === 404 || answer.status === 403, `${path}: ${answer.status} ${answer.text}`);
    }
  });

  test('wrong requests are told what is wrong', async () => {
    const sprite = await TestSprite.create(world);
    assertRefused(await sprite.api('/fs/read'), 400, 'path is required');
    assertRefused(await sprite.api('/fs/read?path=/home/sprite'), 400, 'invalid request');
    assertRefused(
      await sprite.api('/fs/delete?path=/&recursive=true', { method: 'DELETE' }),
      403,
      'forbidden',
    );
    assertRefused(
      await sprite.api('/fs/chmod', { body: { path: '/home/sprite', mode: '9' } }),
      400,
      'invalid mode',
    );
    assertRefused(await sprite.api('/fs/chown', { body: { path: '/home/sprite' } }), 400, 'invalid request');
    const write = await sprite.api('/fs/write?path=/no/such/f', { method: 'PUT', body: 'x' });
    assertRefused(write, 404, 'not found');
  });
});
