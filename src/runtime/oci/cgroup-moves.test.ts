import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CgroupMoves } from './cgroup-moves.ts';
import { type CgroupLayout, cgroupLayout } from './cgroups.ts';
import { eventually } from './test-world.ts';

/** Files that look like those of the kernel; what is written to a group stays to be seen. */
class World {
  readonly moves: CgroupMoves;
  readonly #folder: string;

  private constructor(folder: string, unified: boolean) {
    this.#folder = folder;
    const layout = { unified, hierarchies: [folder], controllers: new Map([['pids', folder]]) };
    this.moves = new CgroupMoves(layout satisfies CgroupLayout, join(folder, 'own'));
  }

  static async make(own: string, unified = false): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'berth-moves-'));
    await writeFile(join(folder, 'own'), own);
    return new World(folder, unified);
  }

  /** Of the same length as before: the file must not be seen half-written. */
  async nowIn(own: string): Promise<void> {
    await writeFile(join(this.#folder, 'own'), own, { flag: 'r+' });
  }

  async group(path: string, pid = process.pid): Promise<() => Promise<boolean>> {
    await mkdir(join(this.#folder, path), { recursive: true });
    const file = join(this.#folder, path, 'cgroup.procs');
    const untouched = `1\n${pid}\n`;
    await writeFile(file, untouched);
    return async () => {
      const touched = (await readFile(file, 'utf8')) !== untouched;
      if (touched) await writeFile(file, untouched);
      return touched;
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.moves.close();
    await rm(this.#folder, { recursive: true });
  }
}

const v1 = (path: string) => `9:name=systemd:/other\n8:cpu,pids:${path}\n0::/other\n`;

test('a server moves itself to where it is, again and again, while a task is under way and no longer', async () => {
  await using world = await World.make(v1('/mine'));
  const touched = await world.group('mine');
  const [first, second] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const tasks = [first, second].map(({ promise }) => world.moves.during(() => promise));
  for (let look = 0; look < 3; look++) await eventually('a move', async () => (await touched()) || undefined);
  first.resolve('one');
  assert.equal(await tasks[0], 'one');
  await eventually('a move for the second task', async () => (await touched()) || undefined);
  second.resolve('two');
  assert.equal(await tasks[1], 'two');
  await world.moves.close();
  await touched();
  await delay(50);
  assert.equal(await touched(), false);
});

test('on cgroup v2 alone there is one group', async () => {
  await using world = await World.make('0::/system.slice/berth.service\n', true);
  const touched = await world.group('system.slice/berth.service');
  await world.moves.during(() => eventually('a move', async () => (await touched()) || undefined));
});

test('a server that was moved by another stays there', async () => {
  await using world = await World.make(v1('/first'));
  const first = await world.group('first');
  const later = await world.group('later');
  await world.moves.during(async () => {
    await eventually('a move', async () => (await first()) || undefined);
    await world.nowIn(v1('/later'));
    await eventually('a move to the new group', async () => (await later()) || undefined);
    await first(); // the last one may have been under way
    await eventually('another one', async () => (await later()) || undefined);
    assert.equal(await first(), false);
  });
});

test('a group that has the right name and not this process is left alone', async () => {
  await using world = await World.make(v1('/mine'));
  const touched = await world.group('mine', process.pid + 1);
  await world.moves.during(() => delay(50));
  assert.equal(await touched(), false);
});

test('tasks run where there are no groups, and their errors are theirs', async () => {
  for (const own of ['', 'nonsense', v1('/not/there'), '0::/\n']) {
    await using world = await World.make(own);
    assert.equal(await world.moves.during(async () => 'done'), 'done');
    await assert.rejects(
      world.moves.during(() => Promise.reject(new Error('of the task'))),
      /of the task/,
    );
  }
  const nowhere = { unified: false, hierarchies: [], controllers: new Map<string, string>() };
  const moves = new CgroupMoves(nowhere, '/not/there');
  assert.equal(await moves.during(async () => 'done'), 'done');
  await moves.close();
});

test('this process stays in its groups', { skip: process.platform !== 'linux' }, async () => {
  const before = await readFile('/proc/self/cgroup', 'utf8');
  const moves = new CgroupMoves(await cgroupLayout());
  await moves.during(() => delay(50));
  await moves.close();
  assert.equal(await readFile('/proc/self/cgroup', 'utf8'), before);
});
