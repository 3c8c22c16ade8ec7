import assert from 'node:assert/strict';
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { runCommand } from '../../src/lib/command.ts';
import { cannotRun, eventually, type TestBackend, type TestServer, World } from '../support/index.ts';
import { histories } from './journal.ts';
import {
  assertNothing,
  containedProcesses,
  processesOfWorkload,
  type Traces,
  traces,
  zombiesOf,
} from './traces.ts';

const timesEach = 4;
const atOnce = 8;
const poolSize = 2;

/** How a backend is ended, and what is told of it then. */
interface Way {
  readonly service: string;
  readonly body?: object;
  readonly end?: (backend: TestBackend, world: World) => Promise<void>;
  readonly state: string;
}

const ready = async (backend: TestBackend) => void (await backend.reaches('Ready'));

const ways: Readonly<Record<string, Way>> = {
  swept: { service: 'serve', body: { grace_period_seconds: 1 }, state: 'Swept' },
  'asked to end': {
    service: 'serve',
    state: 'Terminated',
    end: async backend => {
      await ready(backend);
      (await backend.terminate()).ok();
    },
  },
  'asked in vain, then killed': {
    service: 'stubborn',
    state: 'Terminated',
    end: async backend => {
      await ready(backend);
      (await backend.terminate()).ok();
    },
  },
  'killed at once': {
    service: 'serve',
    state: 'Terminated',
    end: async backend => {
      await ready(backend);
      (await backend.terminate({ hard: true })).ok();
    },
  },
  'killed while it starts': {
    service: 'serve',
    state: 'Terminated',
    end: async backend => void (await backend.terminate({ hard: true })).ok(),
  },
  'asked to end while it starts': {
    service: 'serve',
    state: 'Terminated',
    end: async backend => void (await backend.terminate()).ok(),
  },
  'exit 0': {
    service: 'exit-0',
    state: 'Exited',
    end: async backend => void (await backend.request('/')),
  },
  'exit 3': {
    service: 'exit-3',
    state: 'Failed',
    end: async backend => void (await backend.request('/')),
  },
  'exit before it listens': { service: 'fail', state: 'ErrorStarting' },
  'no such image': { service: 'absent', state: 'ErrorLoading' },
  'no such program': { service: 'no-program', state: 'ErrorStarting' },
  'never listens': { service: 'silent', state: 'TimedOutBeforeReady' },
  'killed by the machine': {
    service: 'serve',
    state: 'Failed',
    end: async backend => {
      await ready(backend);
      for (const { pid } of await processesOfWorkload(backend.id)) process.kill(pid, 'SIGKILL');
    },
  },
  'its parent is killed': {
    service: 'serve',
    state: 'Lost',
    end: async (backend, { server }) => {
      await ready(backend);
      for (const pid of await conmonsOf(server, backend.id)) process.kill(pid, 'SIGKILL');
    },
  },
};

describe('clean-up', { skip: cannotRun('oci') ?? false, concurrency: 3 }, () => {
  test('backends that ended in any way leave nothing on the machine', {
    timeout: 120_000,
  }, async (t: TestContext) => {
    const world = await open(t, { 'jamsocket.ended_retention_hours': 0 });
    const { server } = world;
    const fresh = await traces(server.dataDir, { serverPid: server.pid });
    const todo = Object.values(ways).flatMap(way => Array.from({ length: timesEach }, () => way));
    const ids: string[] = [];
    const worker = async (): Promise<void> => {
      for (let way = todo.shift(); way !== undefined; way = todo.shift()) ids.push(await runOnce(world, way));
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    assert.ok(ids.length >= 50);

    await eventually('the end of the last clean-up', async () => (await server.liveWorkloads()) === 0);
    await eventually('the pool', async () => {
      const { namespaces } = await traces(server.dataDir, { serverPid: server.pid });
      return namespaces.length === poolSize;
    });
    assert.deepEqual(await zombiesOf(server.pid), []);
    const now = await traces(server.dataDir, { serverPid: server.pid, ids });
    assertSameCounts(withoutLogs(now), fresh);
    assert.deepEqual(server.faults, []);

    await server.stop();
    assertNothing(withoutLogs(await traces(server.dataDir, { ids })));
    const logs = (await readdir(join(server.dataDir, 'logs'))).toSorted();
    assert.deepEqual(
      logs.filter(id => !ids.includes(id)),
      [],
    );

    // The retention, which is nought here, is looked at at the start.
    await server.start();
    await eventually('the end of the retention', async () => {
      return (await readdir(join(server.dataDir, 'logs'))).length === 0;
    });
    assert.equal((await server.api(`/backend/${ids[0]}`)).status, 404);
    assert.deepEqual([...histories(server.dataDir).keys()], []);
  });

  const disasters = {
    'a kill of the server and of all that it has started': async () => {},
    'a reboot': forgetAsARebootDoes,
  };
  for (const [disaster, forget] of Object.entries(disasters)) {
    test(`after ${disaster} what ran is lost, and all of it is cleaned up`, { timeout: 120_000 }, async t => {
      const world = await open(t);
      const { server } = world;
      const spawnFor = (locks: readonly string[]) =>
        Promise.all(locks.map(lock => world.spawn('serve', { lock })));
      const locks = ['a', 'b', 'c', 'd'];
      const lost = await spawnFor(locks);
      await Promise.all(lost.map(ready));
      const starting = await world.spawn('silent');
      const ending = await world.spawn('stubborn');
      (await ending.terminate()).ok();
      await server.kill();
      // First those that would write down how the others end.
      for (const { id } of lost) for (const pid of await conmonsOf(server, id)) process.kill(pid, 'SIGKILL');
      await killAll(server);
      await forget(server);

      await server.start();
      for (const backend of lost) await backend.reaches('Lost');
      await ending.reaches('Terminated');
      const again = await spawnFor(locks);
      await Promise.all(again.map(ready));
      for (const { result } of again) assert.ok(result.spawned, 'the lock was free');
      for (const backend of again) assert.equal((await backend.request('/')).status, 200);
      assert.notEqual((await starting.status()).state, 'Ready');

      await server.endWorkloads();
      assert.deepEqual(server.faults, []);
      await server.stop();
      const ids = [...lost, starting, ending, ...again].map(({ id }) => id);
      assertNothing(withoutLogs(await traces(server.dataDir, { ids })));
    });
  }
});

async function open(t: TestContext, settings: Record<string, number> = {}): Promise<World> {
  const world = new World('oci');
  await world.open({
    settings: {
      'network.pool_size': poolSize,
      'jamsocket.startup_timeout_seconds': 2,
      'jamsocket.stop_grace_seconds': 1,
      ...settings,
    },
  });
  t.after(() => world.close(), { timeout: 180_000 });
  await world.service('tiny.pl', { name: 'serve', args: ['serve'] });
  await world.service('tiny.pl', { name: 'stubborn', args: ['stubborn'] });
  await world.service('tiny.pl', { name: 'exit-0', args: ['exit', '0'] });
  await world.service('tiny.pl', { name: 'exit-3', args: ['exit', '3'] });
  await world.service('tiny.pl', { name: 'fail', args: ['fail', '5'] });
  await world.service('silent.js', { name: 'silent' });
  for (const body of [{ name: 'absent' }, { name: 'no-program', command: 'there-is-no-such-program' }]) {
    (await world.api('/user/admin/service', { body })).ok();
  }
  return world;
}

async function runOnce(world: World, way: Way): Promise<string> {
  const backend = await world.spawn(way.service, way.body);
  await way.end?.(backend, world);
  await backend.reaches(way.state);
  return backend.id;
}

async function conmonsOf(server: TestServer, id: string): Promise<number[]> {
  const { processes } = await traces(server.dataDir);
  return processes
    .filter(command => command.includes(`conmon --api-version 1 -c ${id} `))
    .map(Number.parseFloat);
}

/** Everything that a killed server has left running. */
async function killAll({ dataDir }: TestServer): Promise<void> {
  await eventually('the end of all processes', async () => {
    const { processes } = await traces(dataDir);
    const pids = [
      ...processes.map(Number.parseFloat),
      ...(await containedProcesses(dataDir)).map(({ pid }) => pid),
    ];
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {} // gone meanwhile
    }
    return pids.length === 0;
  });
}

/** Takes away what lives in the kernel and on /run. */
async function forgetAsARebootDoes({ dataDir }: TestServer): Promise<void> {
  const { namespaces, cgroups, rules, routes } = await traces(dataDir);
  for (const name of namespaces) await runCommand('ip', ['netns', 'del', name]);
  for (const path of cgroups.toReversed()) await rmdir(path);
  const table = /^table inet (\S+)/.exec(rules[0] ?? '')?.[1] ?? '';
  await runCommand('nft', ['delete', 'table', 'inet', table]);
  for (const route of routes.filter(line => line.startsWith('unreachable'))) {
    await runCommand('ip', ['route', 'del', ...route.trim().split(/\s+/).slice(0, 2)]);
  }
}

function withoutLogs(found: Traces): Traces {
  return { ...found, folders: found.folders.filter(path => !path.startsWith('logs/')) };
}

/** Beside the parents of the control groups, which are made with the first workload and go with the server. */
function assertSameCounts(now: Traces, before: Traces): void {
  for (const [kind, entries] of Object.entries(now) as [keyof Traces, readonly string[]][]) {
    const found = kind === 'cgroups' ? entries.filter(path => !/\/berth-[0-9a-f]+$/.test(path)) : entries;
    assert.equal(found.length, before[kind].length, `${kind}: ${found.join('\n')}`);
  }
}
