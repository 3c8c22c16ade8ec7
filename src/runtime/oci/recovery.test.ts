import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { instanceTag } from '../../network/index.ts';
import { exists } from './bundle.ts';
import { cgroupLayout } from './cgroups.ts';
import { findConmons, identify, signal } from './processes.ts';
import { cannotRun, eventually, makeDataDir, TestWorld, traces } from './test-world.ts';

const ownerFile = fileURLToPath(new URL('./test-owner.ts', import.meta.url));

async function startOwner(
  dataDir: string,
  mode: 'keep' | 'churn' | 'churn-processes',
): Promise<ChildProcess> {
  const owner = spawn(process.execPath, [ownerFile, dataDir, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  assert.ok(owner.stdout);
  await once(owner.stdout, 'data');
  return owner;
}

async function killOwner(owner: ChildProcess): Promise<void> {
  owner.kill('SIGKILL');
  await once(owner, 'exit');
}

async function conmonOf(world: TestWorld, id: string): Promise<number> {
  return eventually(
    'the conmon',
    async () => (await findConmons(join(world.dataDir, 'oci/bundles'))).get(`${id}/pid`)?.pid,
  );
}

async function assertNothingLeft(dataDir: string): Promise<void> {
  for (const [kind, found] of Object.entries(await traces(dataDir))) assert.deepEqual(found, [], kind);
}

describe('after a server was killed, the oci runtime', { skip: cannotRun }, () => {
  test('adopts what runs or was created, and knows how the rest ended', async () => {
    const dataDir = await makeDataDir();
    await killOwner(await startOwner(dataDir, 'keep'));
    const before = await traces(dataDir);
    const exitFile = join(dataDir, 'oci/exits/ending');
    await eventually('an exit while no server is there', async () => (await exists(exitFile)) || undefined);
    await using world = await TestWorld.open(dataDir);
    const found = new Map((await world.runtime.recover()).map(workload => [workload.id, workload]));

    assert.deepEqual([...found.keys()].toSorted(), ['created', 'ending', 'running']);
    assert.equal(found.get('created')?.state, 'created');
    assert.equal(found.get('running')?.state, 'running');
    const ended = found.get('ending');
    assert.equal(ended?.state, 'exited');
    assert.equal(ended.exitCode, 7);
    assert.ok(Math.abs(ended.exitedAt.getTime() - Date.now()) < 10_000);

    const { processes = [] } = await traces(dataDir);
    const conmons = processes.filter(line => line.startsWith('conmon') || line.includes('/conmon '));
    assert.equal(conmons.length, 2);
    assert.ok(conmons.every(line => before.processes?.includes(line)));

    await world.runtime.start('created');
    const ticks = (await world.lines('running')).length;
    await eventually(
      'more of its log',
      async () => (await world.lines('running')).length > ticks || undefined,
    );
    await eventually(
      'its output',
      async () => (await world.lines('created')).includes('started') || undefined,
    );
    await world.runtime.stop('running', { hard: false, signal: 'SIGTERM', timeoutMs: 5_000 });
    const exit = await world.exit('running');
    assert.deepEqual([exit.exitCode, exit.outOfMemory], [143, false]);
    for (const id of found.keys()) await world.runtime.remove(id);
    await world.close();
    await assertNothingLeft(dataDir);
  });

  test('ends the further processes of the former server', async () => {
    const dataDir = await makeDataDir();
    await killOwner(await startOwner(dataDir, 'keep'));
    await using world = await TestWorld.open(dataDir);
    const sessions = async () => {
      const exec = await world.runtime.exec('running', { command: ['sh', '-c', 'cat /proc/[0-9]*/cmdline'] });
      let text = '';
      for await (const chunk of exec.stdout) text += chunk;
      return text;
    };
    await world.runtime.recover();
    await eventually('their end', async () => !(await sessions()).includes('4321') || undefined);
  });

  test('finds nothing half made, whenever that was', { timeout: 180_000 }, async t => {
    const dataDir = await makeDataDir();
    t.after(() => rm(dataDir, { recursive: true }));
    for (let killAfterMs = 0; killAfterMs <= 240; killAfterMs += 30) {
      const owner = await startOwner(dataDir, 'churn');
      await delay(killAfterMs);
      await killOwner(owner);
      const world = await TestWorld.open(dataDir);
      for (const workload of await world.runtime.recover()) {
        if (workload.state === 'created') await world.runtime.start(workload.id);
        if (workload.state !== 'exited') {
          assert.equal(await world.runtime.stop(workload.id, { hard: true }), true, workload.id);
          assert.equal((await world.exit(workload.id)).exitCode, 137);
        }
        await world.runtime.remove(workload.id);
      }
      if ((await world.runtime.listRoots()).length > 0) {
        await world.run({ id: 'again', idle: true, root: 'a' });
        assert.equal(await world.exec('again', 'stat', '-c', '%u', '.'), '1000');
        await world.runtime.remove('again');
      }
      await world.close();
      await assertNothingLeft(dataDir);
    }
  });

  test('finds no durable process half made', { timeout: 120_000 }, async () => {
    for (const killAfterMs of [10, 50, 90, 140]) {
      const dataDir = await makeDataDir();
      const owner = await startOwner(dataDir, 'churn-processes');
      await delay(killAfterMs);
      await killOwner(owner);
      await using world = await TestWorld.open(dataDir);
      const { runtime } = world;
      await runtime.recover();
      const found = await runtime.processes('host');
      const running = found.flatMap(process => (process.state === 'running' ? [process] : []));
      const { hierarchies } = await cgroupLayout();
      const groups = hierarchies.map(path => readdir(join(path, `berth-${instanceTag(dataDir)}/host`)));
      const inner = (await Promise.all(groups.map(names => names.catch(() => [])))).flat();
      assert.deepEqual(
        inner.filter(name => name.startsWith('process-')).toSorted(),
        running.map(({ id }) => `process-${id}`).toSorted(),
      );
      assert.deepEqual(
        (await readdir(join(dataDir, 'oci/bundles/host/processes'))).toSorted(),
        found.map(({ id }) => id).toSorted(),
      );
      for (const { id, pid } of running) {
        const shown = await world.exec('host', 'cat', `/proc/${pid}/cmdline`);
        assert.ok(shown.includes('echo up'), shown);
        await runtime.stopProcess('host', id, { hard: true });
      }
      await eventually('their ends', async () => {
        const now = await runtime.processes('host');
        return now.every(({ state }) => state === 'exited') || undefined;
      });
      const names = await world.exec('host', 'sh', '-c', 'cat /proc/[0-9]*/comm');
      assert.doesNotMatch(names, /sleep/);
      await runtime.startProcess('host', { id: 'next', logId: 'log-a', command: ['true'] });
      await runtime.remove('host');
      await world.close();
      await assertNothingLeft(dataDir);
    }
  });

  test('removes half-made bundles', async () => {
    await using world = await TestWorld.make();
    await world.run({ id: 'whole', command: ['sleep', '100'] });
    await world.close();
    await writeFile(join(world.dataDir, 'oci/exits/gone'), '0');
    await writeFile(join(world.dataDir, 'oci/exits/whole.ABC123'), '');
    await using next = await TestWorld.open(world.dataDir);
    const recovered = await next.runtime.recover();
    assert.deepEqual(
      recovered.map(({ id, state }) => [id, state]),
      [['whole', 'running']],
    );
    await next.runtime.remove('whole');
    await next.close();
    await assertNothingLeft(world.dataDir);
  });
});

describe('when a conmon was killed, the oci runtime', { skip: cannotRun }, () => {
  test('ends its workload and reports an exit without a code', async () => {
    await using world = await TestWorld.make();
    await world.run({ id: 'one', command: ['sleep', '100'] });
    signal(await conmonOf(world, 'one'), 'SIGKILL');
    const exit = await world.exit('one');
    assert.equal('exitCode' in exit, false);
    assert.equal(exit.outOfMemory, false);
    assert.equal(await world.runtime.stop('one', { hard: true }), false);
    await world.runtime.remove('one');
    await world.close();
    await assertNothingLeft(world.dataDir);
  });

  test('does so for an adopted workload, too', async () => {
    const first = await TestWorld.make();
    await first.run({ id: 'one', command: ['sleep', '100'] });
    await first.close();
    await using world = await TestWorld.open(first.dataDir);
    await world.runtime.recover();
    signal(await conmonOf(world, 'one'), 'SIGKILL');
    const exit = await world.exit('one');
    assert.equal('exitCode' in exit, false);
  });

  test('and does so at recovery when that happened before', async () => {
    const first = await TestWorld.make();
    await first.run({ id: 'one', command: ['sleep', '100'] });
    const conmon = await conmonOf(first, 'one');
    await first.close();
    signal(conmon, 'SIGKILL');
    await eventually('its end', async () => (await identify(conmon)) === undefined || undefined);
    await using world = await TestWorld.open(first.dataDir);
    const [found] = await world.runtime.recover();
    assert.equal(found?.state, 'exited');
    assert.equal('exitCode' in found, false);
    await world.runtime.remove('one');
    await world.close();
    await assertNothingLeft(world.dataDir);
  });
});

test('workloads outlive the process that has started them', { skip: cannotRun }, async () => {
  await using world = await TestWorld.make();
  await world.run({ id: 'one', command: ['sleep', '100'] });
  const { ppid } = await statusOf(await conmonOf(world, 'one'));
  signal(ppid, 'SIGKILL');
  // The first that comes may still be given to the old one.
  await eventually('a new launcher', () =>
    world.run({ id: 'two', command: ['sleep', '100'] }).catch(() => undefined),
  );
  for (const id of ['one', 'two']) {
    assert.equal(await world.runtime.stop(id, { hard: true }), true);
    assert.equal((await world.exit(id)).exitCode, 137);
  }
});

async function statusOf(pid: number): Promise<{ ppid: number }> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return { ppid: Number(/^PPid:\s*(\d+)$/m.exec(text)?.[1]) };
}
