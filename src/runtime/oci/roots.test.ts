import assert from 'node:assert/strict';
import { lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeAccount } from './account-files.ts';
import { cannotRun, makeDataDir, TestWorld } from './test-world.ts';

const account = { name: 'sprite', uid: 1_000, gid: 1_000, home: '/home/sprite' } as const;
const sandbox = { idle: true, root: 'box', account } as const;

describe('a persistent root on oci', { skip: cannotRun }, () => {
  let world: TestWorld;
  before(async () => {
    world = await TestWorld.make();
  });
  after(() => world[Symbol.asyncDispose]());
  const reboot = async (id: string, next: string) => {
    await world.runtime.remove(id);
    await world.run({ id: next, ...sandbox });
  };

  test('has the account, whose programs own their home', async () => {
    await world.run({ id: 'one', ...sandbox });
    assert.equal(await world.exec('one', 'id'), 'uid=1000(sprite) gid=1000(sprite) groups=1000(sprite)');
    assert.equal(
      await world.exec('one', 'sh', '-c', 'pwd; echo $HOME $USER'),
      '/home/sprite\n/home/sprite sprite',
    );
    assert.equal(await world.exec('one', 'stat', '-c', '%U:%G %a', '/home/sprite'), 'sprite:sprite 755');
    assert.match(
      await world.exec('one', 'cat', '/etc/passwd'),
      /^root:x:0:0.*\nnobody:.*\nsprite:x:1000:1000:/,
    );
    assert.equal(await world.exec('one', 'touch', '/etc/x').then(said => /denied/.test(said)), true);
  });

  test('is as it was at the next boot, but for what belongs to the workload', async () => {
    assert.equal(await world.exec('one', 'hostname'), 'one');
    assert.match(await world.exec('one', 'cat', '/etc/hosts'), / one$/m);
    await world.exec(
      'one',
      'sh',
      '-c',
      'mkdir -p a/b; ln -s a/b link; echo hello >a/b/file; chmod 600 a/b/file',
    );
    await reboot('one', 'two');
    assert.equal(await world.exec('two', 'cat', 'link/file'), 'hello');
    assert.equal(await world.exec('two', 'stat', '-c', '%U %a', 'a/b/file'), 'sprite 600');
    assert.match(await world.exec('two', 'cat', '/etc/hosts'), / two$/m);
    assert.equal(await world.exec('two', 'cat', '/etc/hostname'), 'two');
    assert.equal((await world.exec('two', 'grep', '-c', 'sprite', '/etc/passwd')).trim(), '1');
  });

  test('reaps what has lost its parent', async () => {
    await world.exec('two', 'sh', '-c', 'for i in 1 2 3; do (sleep 0.01 &); done');
    assert.equal(
      await world.exec('two', 'sh', '-c', 'sleep 0.3; grep -l "State:.Z" /proc/[0-9]*/status'),
      '',
    );
  });

  test('is paused after a restart of the server as it was before, and goes on', async () => {
    await world.runtime.pause('two');
    await world.close();
    const next = await TestWorld.open(world.dataDir);
    world = next;
    const [found] = await next.runtime.recover();
    assert.deepEqual(found?.state === 'running' && found.paused, true);
    await next.runtime.resume('two');
    assert.equal(await next.exec('two', 'cat', 'link/file'), 'hello');
    assert.deepEqual(await next.runtime.listRoots(), ['box']);
  });

  test('is removed with all that it has, whatever its names', async () => {
    await world.exec(
      'two',
      'sh',
      '-c',
      `touch "$(printf 'a\\377b')"; mkdir -p x/y; touch x/y/-rf; chmod 0 x/y`,
    );
    await world.runtime.remove('two');
    await world.runtime.removeRoot('box');
    assert.deepEqual(await readdir(join(world.dataDir, 'oci/roots')), ['.trash']);
    assert.deepEqual(await readdir(join(world.dataDir, 'oci/roots/.trash')), []);
  });

  test('keeps the image that it lies over', async () => {
    const image = await world.image();
    await world.run({ id: 'three', ...sandbox });
    await world.runtime.remove('three');
    assert.ok((await world.runtime.imagesInUse()).layers.has(image.layers[0] ?? ''));
    await world.runtime.removeRoot('box');
    assert.ok(!(await world.runtime.imagesInUse()).layers.has(image.layers[0] ?? ''));
  });

  test('that a killed server has left half made or half removed is put right', async () => {
    const roots = join(world.dataDir, 'oci/roots');
    await mkdir(join(roots, 'half/layers/old/upper/x'), { recursive: true });
    await mkdir(join(roots, 'half/unfinished/abc'), { recursive: true });
    await mkdir(join(roots, '.trash/gone.abc/x'), { recursive: true });
    await world.close();
    world = await TestWorld.open(world.dataDir);
    await world.runtime.recover();
    assert.deepEqual(await readdir(join(roots, '.trash')), []);
    assert.deepEqual(await readdir(join(roots, 'half/layers')), []);
    assert.deepEqual(await readdir(join(roots, 'half/unfinished')), []);
    assert.deepEqual(await world.runtime.listRoots(), ['half']);
    await world.run({ id: 'four', ...sandbox, root: 'half' });
    assert.equal(await world.exec('four', 'pwd'), '/home/sprite');
  });
});

describe('the account of a root', { skip: process.getuid?.() !== 0 && 'needs root' }, () => {
  async function layers(t: { after(task: () => Promise<void>): void }) {
    const scratch = await makeDataDir();
    t.after(() => rm(scratch, { recursive: true }));
    const [upper, lower] = [join(scratch, 'upper'), join(scratch, 'lower')];
    await mkdir(upper);
    await mkdir(join(lower, 'etc'), { recursive: true });
    return { upper, lower: [lower], scratch };
  }

  test('comes before another of its number, once', async t => {
    const made = await layers(t);
    await writeFile(
      join(made.lower[0] ?? '', 'etc/passwd'),
      'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/n:/bin/sh',
    );
    for (const _ of [1, 2]) await makeAccount(made, account);
    assert.equal(
      await readFile(join(made.upper, 'etc/passwd'), 'utf8'),
      'root:x:0:0::/root:/bin/sh\nsprite:x:1000:1000::/home/sprite:/bin/sh\nnode:x:1000:1000::/n:/bin/sh\n',
    );
    assert.equal(await readFile(join(made.upper, 'etc/group'), 'utf8'), 'sprite:x:1000:\n');
    assert.equal((await lstat(join(made.upper, 'home/sprite'))).uid, 1_000);
    assert.equal((await lstat(join(made.upper, 'home'))).uid, 0);
  });

  test('follows no link that a program has put there', async t => {
    const made = await layers(t);
    const outside = join(made.scratch, 'outside');
    await mkdir(outside);
    await symlink(outside, join(made.upper, 'etc'));
    await symlink(outside, join(made.upper, 'home'));
    await makeAccount(made, account);
    assert.deepEqual(await readdir(outside), []);
    await rm(join(made.upper, 'etc'));
    await mkdir(join(made.upper, 'etc'));
    await symlink(join(outside, 'passwd'), join(made.upper, 'etc/passwd'));
    await makeAccount(made, account);
    assert.deepEqual(await readdir(outside), []);
  });
});
