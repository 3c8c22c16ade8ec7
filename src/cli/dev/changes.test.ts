import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Changes } from './changes.ts';
import { IgnoredPaths } from './ignored-paths.ts';

const waitLimitMs = 10_000;

async function watched(t: TestContext) {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'berth-changes-')));
  await mkdir(join(folder, 'src/deep'), { recursive: true });
  await mkdir(join(folder, 'node_modules'));
  const changes = await Changes.watch(folder, new IgnoredPaths('*.log'));
  t.after(async () => {
    changes.close();
    await rm(folder, { recursive: true });
  });
  const next = async () => {
    const limit = AbortSignal.timeout(waitLimitMs);
    await changes.next(limit);
    return !limit.aborted;
  };
  return { folder, changes, next };
}

test('a change is told, also in a folder that is new or made again', async t => {
  const { folder, next } = await watched(t);
  await writeFile(join(folder, 'src/deep/a.js'), '1');
  assert.ok(await next());
  for (const text of ['2', '3']) {
    await rm(join(folder, 'src'), { recursive: true });
    await mkdir(join(folder, 'src/deep'), { recursive: true });
    assert.ok(await next());
    await writeFile(join(folder, 'src/deep/a.js'), text);
    assert.ok(await next());
  }
});

test('what is ignored is not told, and many changes at once are one', async t => {
  const { folder, changes, next } = await watched(t);
  await writeFile(join(folder, 'x.log'), 'x');
  await writeFile(join(folder, 'node_modules/x.js'), 'x');
  await assertSilent(changes);
  await Promise.all(Array.from({ length: 50 }, (_, at) => writeFile(join(folder, `src/${at}.js`), '')));
  assert.ok(await next());
  await assertSilent(changes);
});

async function assertSilent(changes: Changes): Promise<void> {
  const limit = AbortSignal.timeout(600);
  const startedAt = performance.now();
  await changes.next(limit);
  assert.ok(limit.aborted, `told after ${performance.now() - startedAt} ms`);
}
