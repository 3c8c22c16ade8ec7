import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Trash } from './trash.ts';

test('a folder is out of sight at once, and gone', async t => {
  const { trash, folder } = await open(t);
  await fill(join(folder, 'box'));
  await trash.discard(join(folder, 'box'), 'box');
  assert.deepEqual(await readdir(folder), ['.trash']);
  await trash.discard(join(folder, 'box'), 'box');
  await trash.close();
});

test('what a closed one could not delete is told to the next', async t => {
  const { trash, folder } = await open(t);
  await fill(join(folder, 'box'));
  await trash.close();
  await assert.rejects(trash.discard(join(folder, 'box'), 'box'));
  const next = new Trash(join(folder, '.trash'));
  const [left = '', ...more] = await next.open();
  assert.match(left, /\.trash\/box\.\w{6}$/);
  assert.deepEqual(more, []);
  next.deleteLater(left);
  const deadline = performance.now() + 30_000;
  while ((await readdir(join(folder, '.trash'))).length > 0) {
    assert.ok(performance.now() < deadline, 'it is still there');
    await delay(10);
  }
  await next.close();
});

async function open(t: TestContext): Promise<{ trash: Trash; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-trash-'));
  t.after(() => rm(folder, { recursive: true }));
  const trash = new Trash(join(folder, '.trash'));
  assert.deepEqual(await trash.open(), []);
  return { trash, folder };
}

async function fill(folder: string): Promise<void> {
  await mkdir(join(folder, 'deep'), { recursive: true });
  for (let n = 0; n < 100; n++) await writeFile(join(folder, 'deep', `${n}`), 'x');
}
