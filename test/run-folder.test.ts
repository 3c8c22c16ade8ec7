import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { claimDeadRunFolders, makeRunFolder } from '../scripts/tests/run-folder.ts';

const skip = process.platform !== 'linux' && 'processes are told by /proc';

async function parentFolder(t: TestContext): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'berth-runs-'));
  t.after(() => rm(parent, { recursive: true }));
  return parent;
}

test('the folder of a run that is under way is left alone', { skip }, async t => {
  const parent = await parentFolder(t);
  await makeRunFolder(parent);
  assert.deepEqual(await claimDeadRunFolders(parent), []);
});

test('what a killed run has left is taken once, also when its number is another process now', {
  skip,
}, async t => {
  const parent = await parentFolder(t);
  const mine = await makeRunFolder(parent);
  const former = join(parent, `bt-${process.pid.toString(36)}-1`);
  await rename(mine, former);
  const gone = join(parent, 'bt-zzzzz-1'); // no such process: above the largest number that Linux gives
  for (const folder of [gone, join(parent, 'bt-x'), join(parent, 'another')]) await mkdir(folder);
  const claimed = await claimDeadRunFolders(parent);
  assert.deepEqual(
    claimed.map(path => basename(path)).toSorted(),
    [former, gone].map(path => basename(path)).toSorted(),
  );
  assert.deepEqual(await claimDeadRunFolders(parent), [], 'they are being removed by this process');
});
