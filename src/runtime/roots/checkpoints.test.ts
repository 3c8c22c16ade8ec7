import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { RuntimeError } from '../runtime.ts';
import { RootStore } from './root-store.ts';
import { describeTree } from './testing/describe-tree.ts';

const isRoot = process.getuid?.() === 0;
const { signal } = new AbortController();

async function makeStore(t: TestContext, folder?: string) {
  const path = folder ?? (await mkdtemp(join(tmpdir(), 'berth-roots-')));
  t.after(() => execFileSync('rm', ['-rf', path]));
  const store = new RootStore(path);
  await store.open();
  const { upper } = await store.make('box');
  return { path, store, upper, at: (name: string) => join(upper, name) };
}

/** Things that an upper layer may hold, and that are easily lost. */
function furnish(at: (name: string) => string): void {
  for (const folder of ['a/b/c', 'empty', 'opaque', 'deep/er']) mkdirSync(at(folder), { recursive: true });
  writeFileSync(at('a/b/file'), 'hello');
  writeFileSync(Buffer.concat([Buffer.from(at('a/odd-')), Buffer.from([0xff, 0xfe])]), 'odd');
  writeFileSync(at('-rf'), 'dash');
  writeFileSync(at('new\nline'), 'x');
  chmodSync(at('-rf'), 0o4751);
  linkSync(at('a/b/file'), at('deep/er/link'));
  symlinkSync('/etc/passwd', at('absolute'));
  symlinkSync('nowhere', at('dangling'));
  execFileSync('truncate', ['-s', '4M', at('sparse')]);
  execFileSync('mkfifo', [at('pipe')]);
  utimesSync(at('a/b/file'), 1_000_000_000.25, 1_000_000_000.25);
  utimesSync(at('empty'), 1_100_000_000, 1_100_000_000);
  if (!isRoot) return;
  execFileSync('mknod', [at('whiteout'), 'c', '0', '0']);
  execFileSync('chown', ['-h', '1000:1001', at('a/b'), at('-rf'), at('dangling')]);
  chmodSync(at('-rf'), 0o4751); // a change of the owner takes the bit away
  setAttribute(at('opaque'), 'trusted.overlay.opaque', 'y');
  setAttribute(at('a/b/file'), 'user.colour', 'green');
}

function setAttribute(path: string, name: string, value: string): void {
  const script = 'import os, sys; os.setxattr(sys.argv[1], sys.argv[2], sys.argv[3].encode())';
  execFileSync('python3', ['-c', script, path, name, value]);
}

test('a checkpoint has everything that the root has, and so has the root after it was restored', async t => {
  const { store, upper, at } = await makeStore(t);
  furnish(at);
  const before = describeTree(upper);
  assert.ok(before.length > 15);
  const { bytes } = await store.createCheckpoint('box', 'v1', { signal });
  assert.ok(bytes > 0 && bytes < 10_000_000, `${bytes} bytes`);
  assert.deepEqual(describeTree(store.checkpointPath('box', 'v1')), before);

  rmSync(at('a'), { recursive: true });
  writeFileSync(at('-rf'), 'changed');
  writeFileSync(at('more'), '');
  await store.restoreCheckpoint('box', 'v1');
  const restored = (await store.make('box')).upper;
  assert.notEqual(restored, upper);
  assert.deepEqual(describeTree(restored), before);
  assert.deepEqual(describeTree(store.checkpointPath('box', 'v1')), before);

  // Once more over what is mostly the same.
  appendFileSync(join(restored, '-rf'), 'again');
  await store.restoreCheckpoint('box', 'v1');
  assert.deepEqual(describeTree((await store.make('box')).upper), before);
});

test('what has not changed since the last checkpoint shares its files with that, and never with the root', async t => {
  const { store, upper, at } = await makeStore(t);
  furnish(at);
  writeFileSync(at('same'), 'same');
  writeFileSync(at('sly'), 'one');
  await store.createCheckpoint('box', 'v1', { signal });
  const first = describeTree(store.checkpointPath('box', 'v1'));
  const { mtime } = statSync(at('sly'));
  writeFileSync(at('sly'), 'two'); // of the same size,
  utimesSync(at('sly'), mtime, mtime); // and as old as before
  writeFileSync(at('new'), 'new');
  rmSync(at('dangling'));
  renameSync(at('deep'), at('depth'));
  await store.createCheckpoint('box', 'v2', { since: 'v1', signal });
  const inode = (version: string, name: string) =>
    statSync(join(store.checkpointPath('box', version), name)).ino;
  assert.equal(inode('v1', 'same'), inode('v2', 'same'));
  assert.notEqual(inode('v2', 'same'), statSync(at('same')).ino);
  assert.notEqual(inode('v1', 'sly'), inode('v2', 'sly'));
  assert.deepEqual(describeTree(store.checkpointPath('box', 'v2')), describeTree(upper));
  assert.deepEqual(describeTree(store.checkpointPath('box', 'v1')), first);

  // Attributes alone, and a checkpoint that shares what is removed.
  chmodSync(at('same'), 0o600);
  await store.createCheckpoint('box', 'v3', { since: 'v2', signal });
  await store.removeCheckpoint('box', 'v2');
  assert.deepEqual(describeTree(store.checkpointPath('box', 'v1')), first);
  assert.deepEqual(describeTree(store.checkpointPath('box', 'v3')), describeTree(upper));
  // The root is equal to v3 now, of which v1 has some files.
  const kept = statSync(at('sparse')).ino;
  await store.restoreCheckpoint('box', 'v1');
  const { upper: live } = await store.make('box');
  assert.deepEqual(describeTree(live), first);
  assert.equal(statSync(join(live, 'sparse')).ino, kept);
  appendFileSync(join(live, 'same'), '!');
  assert.deepEqual(describeTree(store.checkpointPath('box', 'v1')), first);
  await store.createCheckpoint('box', 'v4', { since: 'v1', signal });
  assert.equal(inode('v4', 'new\nline'), inode('v1', 'new\nline'));
  assert.equal(readFileSync(join(store.checkpointPath('box', 'v4'), 'same'), 'utf8'), 'same!');
  assert.deepEqual(await store.listCheckpoints('box'), ['v1', 'v3', 'v4']);
});

test('what changes while a checkpoint is made is in it as it was at the pause', async t => {
  for (const since of [undefined, 'v0']) {
    const { store, upper, at } = await makeStore(t);
    furnish(at);
    for (const name of ['changed', 'removed', 'turned', 'mapped', 'moved']) writeFileSync(at(name), name);
    mkdirSync(at('filled'));
    mkdirSync(at('gone/with/it'), { recursive: true });
    if (isRoot) setAttribute(at('filled'), 'user.old', 'x');
    await store.createCheckpoint('box', 'v0', { signal });
    const calls: string[] = [];
    let seen: string[] = [];
    const pause = async () => {
      calls.push('pause');
      // By now the first pass is over.
      appendFileSync(at('changed'), '!');
      rmSync(at('removed'));
      rmSync(at('turned'));
      mkdirSync(at('turned'));
      writeFileSync(at('turned/in'), '');
      writeFileSync(at('filled/in'), '');
      rmSync(at('gone'), { recursive: true });
      writeFileSync(at('gone'), '');
      renameSync(at('moved'), at('filled/moved'));
      linkSync(at('changed'), at('filled/linked'));
      if (isRoot) execFileSync('python3', ['-c', `import os; os.removexattr('${at('filled')}', 'user.old')`]);
      seen = describeTree(upper);
    };
    const resume = async () => {
      calls.push('resume');
      appendFileSync(at('changed'), 'later');
    };
    await store.createCheckpoint('box', 'v1', { ...(since && { since }), pause, resume, signal });
    assert.deepEqual(describeTree(store.checkpointPath('box', 'v1')), seen);
    assert.deepEqual(calls, ['pause', 'resume']);
    await store.createCheckpoint('box', 'v2', { since: 'v1', signal });
    assert.deepEqual(describeTree(store.checkpointPath('box', 'v2')), describeTree(upper));
  }
});

test('a root that is busy all the time can be copied', async t => {
  const { store, upper, at } = await makeStore(t);
  const stop = new AbortController();
  t.after(() => stop.abort());
  const beBusy = async (still: AbortSignal): Promise<void> => {
    for (let round = 0; !still.aborted && !stop.signal.aborted; round++) {
      const folder = at(`d${round % 7}`);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(join(folder, 'sub'), { recursive: true });
      for (let file = 0; file < 20; file++) writeFileSync(join(folder, 'sub', `f${file}`), `${round}`);
      await delay(1);
    }
  };
  let since: string | undefined;
  for (const name of ['v1', 'v2']) {
    const still = new AbortController();
    const busy = beBusy(still.signal);
    let seen: string[] = [];
    const pause = async () => {
      still.abort();
      await busy;
      seen = describeTree(upper);
    };
    await store.createCheckpoint('box', name, { ...(since && { since }), pause, signal });
    assert.deepEqual(describeTree(store.checkpointPath('box', name)), seen);
    since = name;
  }
});

test('nothing is left of a checkpoint that fails, and the programs go on', async t => {
  const { path, store, at } = await makeStore(t);
  furnish(at);
  const calls: string[] = [];
  const failing = {
    pause: async () => void calls.push('pause'),
    resume: async () => void calls.push('resume'),
    signal: AbortSignal.abort(),
  };
  await assert.rejects(store.createCheckpoint('box', 'v1', failing), { name: 'AbortError' });
  const { resume } = failing;
  const pause = () => Promise.reject(new Error('can not be paused'));
  await assert.rejects(store.createCheckpoint('box', 'v1', { pause, resume, signal }), /can not be paused/);
  assert.deepEqual(calls, ['resume']);
  const late = new AbortController();
  const aborting = { pause: async () => late.abort(), signal: late.signal };
  await assert.rejects(store.createCheckpoint('box', 'v1', aborting), { name: 'AbortError' });
  assert.deepEqual(await store.listCheckpoints('box'), []);
  assert.deepEqual(await readdir(join(path, 'box/unfinished')), []);
  await store.createCheckpoint('box', 'v1', { signal });
  const is = (code: string) => (error: unknown) => error instanceof RuntimeError && error.code === code;
  await assert.rejects(store.createCheckpoint('box', 'v1', { signal }), is('conflict'));
  await assert.rejects(store.createCheckpoint('other', 'v1', { signal }), is('not-found'));
  await assert.rejects(store.restoreCheckpoint('box', 'v2'), is('not-found'));
  await assert.rejects(store.restoreCheckpoint('box', '../layers'), is('not-found'));
  await store.removeCheckpoint('box', 'v2');
});

test('a full disk is told, and changes nothing', { skip: !isRoot && 'needs root' }, async t => {
  const disk = await mkdtemp(join(tmpdir(), 'berth-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
  t.after(() => {
    execFileSync('umount', [disk]);
    rmSync(disk, { recursive: true });
  });
  const { store, upper, at } = await makeStore(t, join(disk, 'roots'));
  writeFileSync(at('small'), 'one');
  await store.createCheckpoint('box', 'v1', { signal });
  writeFileSync(at('large'), Buffer.alloc(5 * 1024 * 1024, 1));
  const isFull = (error: unknown) => error instanceof RuntimeError && error.code === 'disk-full';
  for (const since of [undefined, 'v1']) {
    await assert.rejects(store.createCheckpoint('box', 'v2', { ...(since && { since }), signal }), isFull);
  }
  assert.deepEqual(await store.listCheckpoints('box'), ['v1']);
  rmSync(at('large'));
  writeFileSync(at('large'), Buffer.alloc(3 * 1024 * 1024, 1));
  await store.createCheckpoint('box', 'v2', { signal });
  writeFileSync(at('large'), Buffer.alloc(3 * 1024 * 1024 - 1, 2));
  const before = describeTree(upper);
  await assert.rejects(store.restoreCheckpoint('box', 'v2'), isFull);
  assert.equal((await store.make('box')).upper, upper);
  assert.deepEqual(describeTree(upper), before);
});
