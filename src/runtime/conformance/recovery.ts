import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { RecoveredWorkload, WorkloadAddress } from '../runtime.ts';
import { durable, exitOf } from './durable.ts';
import type { OwnedWorkloads } from './owner.ts';
import { accepts, askMirror, type Reflection } from './programs.ts';
import { eventually, World } from './world.ts';

export function recoveryPromises(
  subject: URL,
  { survivesServer: survives }: { survivesServer: boolean },
): void {
  describe('after the server was killed', () => {
    let owned: OwnedWorkloads;
    let firstLook: Reflection;
    let killedAt = 0;
    let world: World;
    let recovered: Map<string, RecoveredWorkload>;

    before(async () => {
      const owner = startOwner(subject);
      try {
        owned = await report(owner);
        firstLook = await askMirror(owned.ticking.address);
        await eventually('the program to listen', () => accepts(owned.sleeping.address));
      } finally {
        owner.kill('SIGKILL');
        await once(owner, 'exit');
      }
      killedAt = Date.now();
      if (survives) await call(owned.ending.address);
      if (survives && owned.host) await call(owned.host.address);
      world = await World.open(subject, owned.dataDir);
      recovered = await world.recover();
    });
    after(() => world.close());

    test('everything is found, and nothing else', () => {
      const ids = [owned.created, owned.ending, owned.ended, owned.sleeping, owned.ticking].map(
        ({ id }) => id,
      );
      if (owned.host) ids.push(owned.host.id);
      assert.deepEqual([...recovered.keys()].sort(), ids.sort());
    });

    test('what ran runs on, or is gone and reported so', async () => {
      const { id, address } = owned.ticking;
      if (survives) {
        assert.deepEqual(recovered.get(id), { id, state: 'running', address });
        assert.equal((await askMirror(address)).boot, firstLook.boot);
      } else {
        const found = recovered.get(id);
        assert.ok(found?.state === 'exited' && found.exitCode === undefined && !found.outOfMemory);
        assert.equal(await accepts(address), false);
        assert.equal(await accepts(owned.sleeping.address), false);
      }
    });

    test('the runtime says of itself whether workloads run on', () => {
      assert.equal(owned.survivesServer, survives);
    });

    test('an end that was seen before is still known', () => {
      const found = recovered.get(owned.ended.id);
      assert.ok(found?.state === 'exited');
      assert.equal(found.exitCode, 3);
    });

    test('what was not started can be', async () => {
      const { id, address } = owned.created;
      assert.deepEqual(recovered.get(id), { id, state: 'created', address });
      await world.runtime.start(id);
      assert.equal((await askMirror(address)).env.COLOR, 'green');
    });

    test('the log goes on without a gap', async () => {
      const { id } = owned.ticking;
      const before = (await world.lines(id)).length;
      if (survives) await eventually('more lines', async () => (await world.lines(id)).length > before + 20);
      const lines = await world.lines(id);
      assert.ok(lines.length > 0);
      assert.deepEqual(
        lines,
        lines.map((_, index) => String(index)),
      );
    });

    test('durable processes are found, running or with their end', async () => {
      if (owned.host === undefined) return;
      const { id, pid } = owned.host;
      const found = new Map((await durable(world).processes(id)).map(process => [process.id, process]));
      assert.deepEqual([...found.keys()].sort(), ['ending', 'over', 'running']);
      const [over, ending, running] = ['over', 'ending', 'running'].map(name => found.get(name));
      assert.ok(over?.state === 'exited' && over.exitCode === 3 && over.exitedAt.getTime() <= killedAt);
      assert.equal(running?.logId, `${id}-running`);
      if (survives) {
        assert.ok(ending?.state === 'exited' && ending.exitCode === 7);
        assert.ok(ending.exitedAt.getTime() >= killedAt - 20);
        assert.ok(running.state === 'running' && running.pid === pid);
      } else {
        assert.ok(ending?.state === 'exited' && ending.exitCode === undefined);
        assert.ok(running.state === 'exited' && running.exitCode === undefined);
      }
    });

    test('the log of a durable process goes on without a gap', async () => {
      if (owned.host === undefined) return;
      const logId = `${owned.host.id}-running`;
      const before = (await world.lines(logId)).length;
      if (survives)
        await eventually('more lines', async () => (await world.lines(logId)).length > before + 20);
      const lines = await world.lines(logId);
      assert.ok(lines.length > 20);
      assert.deepEqual(
        lines,
        lines.map((_, index) => String(index)),
      );
    });

    test('a durable process can be stopped, and its end is told', async () => {
      if (owned.host === undefined) return;
      const { id } = owned.host;
      const soft = { hard: false, signal: 'SIGTERM', timeoutMs: 10_000 } as const;
      assert.equal(await durable(world).stopProcess(id, 'running', soft), survives);
      if (!survives) return;
      assert.equal((await exitOf(world, id, 'running')).exitCode, 143);
      assert.ok(!world.processExits.some(({ processId }) => processId !== 'running'), 'and no other');
      await durable(world).forgetProcess(id, 'ending');
      assert.equal((await durable(world).processes(id)).length, 2);
    });

    if (!survives) return;
    test('an end that nobody saw has its code and time', () => {
      const found = recovered.get(owned.ending.id);
      assert.ok(found?.state === 'exited');
      assert.equal(found.exitCode, 7);
      const sinceKillMs = found.exitedAt.getTime() - killedAt;
      assert.ok(
        sinceKillMs >= -20 && found.exitedAt.getTime() <= Date.now(),
        `${sinceKillMs} ms after the kill`,
      );
    });

    test('what runs on can be stopped, and its end is told', async () => {
      const { id } = owned.sleeping;
      assert.equal(await world.runtime.stop(id, { hard: true }), true);
      assert.equal((await world.exit(id)).exitCode, 137);
    });
  });
}

function startOwner(subject: URL): ChildProcess {
  const program = fileURLToPath(new URL('./owner.ts', import.meta.url));
  return spawn(process.execPath, [program, subject.href], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function report(owner: ChildProcess): Promise<OwnedWorkloads> {
  if (owner.stdout === null) throw new Error('the owner has no output');
  for await (const line of createInterface({ input: owner.stdout }))
    return JSON.parse(line) as OwnedWorkloads;
  throw new Error('the owner ended early');
}

async function call(address: WorkloadAddress): Promise<void> {
  await eventually('the program to listen', () => accepts(address));
  await eventually('the program to end', async () => !(await accepts(address)));
}
