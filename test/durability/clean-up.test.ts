import assert from 'node:assert/strict';
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { runCommand } from '../../src/lib/command.ts';
import {
  cannotRun,
  eventually,
  programs,
  type RuntimeName,
  type SpawnResult,
  TestBackend,
  TestServer,
} from '../support/index.ts';
import { histories } from './journal.ts';
import { containedProcesses, processesOfWorkload, type Traces, traces, zombiesOf } from './traces.ts';

const runtime: RuntimeName = 'oci';
const timesEach = 4;
const atOnce = 8;
const poolSize = 2;

/** How a backend is ended, and what is told of it then. */
interface Way {
  readonly service: string;
  readonly body?: object;
  readonly end?: (server: TestServer, backend: TestBackend) => Promise<void>;
  readonly state: string;
}

const ready = async (backend: TestBackend) => void (await backend.reaches('Ready'));

const ways: Readonly<Record<string, Way>> = {
  swept: { service: 'serve', body: { grace_period_seconds: 1 }, state: 'Swept' },
  'asked to end': {
    service: 'serve',
    state: 'Terminated',
    end: async (_, backend) => {
      await ready(backend);
      (await backend.terminate()).ok();
    },
  },
  'asked in vain, then killed': {
    service: 'stubborn',
    state: 'Terminated',
    end: async (_, backend) => {
      await ready(backend);
      (await backend.terminate()).ok();
    },
  },
  'killed at once': {
    service: 'serve',
    state: 'Terminated',
    end: async (_, backend) => {
      await ready(backend);
      (await backend.terminate({ hard: true })).ok();
    },
  },
  'killed while it starts': {
    service: 'serve',
    state: 'Terminated',
    end: async (_, backend) => void (await backend.terminate({ hard: true })).ok(),
  },
  'asked to end while it starts': {
    service: 'serve',
    state: 'Terminated',
    end: async (_, backend) => void (await backend.terminate()).ok(),
  },
  'exit 0': { service: 'exit-0', state: 'Exited' },
  'exit 3': { service: 'exit-3', state: 'Failed' },
  'exit before it listens': { service: 'fail', state: 'ErrorStarting' },
  'no such image': { service: 'absent', state: 'ErrorLoading' },
  'no such program': { service: 'no-program', state: 'ErrorStarting' },
  'never listens': { service: 'silent', state: 'TimedOutBeforeReady' },
  'killed by the machine': {
    service: 'serve',
    state: 'Failed',
    end: async (_, backend) => {
      await ready(backend);
      for (const { pid } of await processesOfWorkload(backend.id)) process.kill(pid, 'SIGKILL');
    },
  },
  'its parent is killed': {
    service: 'serve',
    state: 'Lost',
    end: async (server, backend) => {
      await ready(backend);
      for (const pid of await conmonsOf(server, backend.id)) process.kill(pid, 'SIGKILL');
    },
  },
};

describe('clean-up', { skip: cannotRun(runtime) ?? false }, () => {
  test('backends that ended in any way leave nothing on the machine', { timeout: 120_000 }, async (t: TestContext) => {
    const server = await open(t, { 'jamsocket.ended_retention_hours': 0 });
    const fresh = await traces(server.dataDir, { serverPid: server.pid });
    const todo = Object.values(ways).flatMap(way => Array.from({ length: timesEach }, () => way));
    const ids: string[] = [];
    const worker = async (): Promise<void> => {
      for (let way = todo.shift(); way !== undefined; way = todo.shift()) ids.push(await runOnce(server, way));
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
    assertNoFaults(server);

    await server.stop();
    assertNothing(withoutLogs(await traces(server.dataDir, { ids })));
    const logs = (await readdir(join(server.dataDir, 'logs'))).toSorted();
    assert.deepEqual(logs.filter(id => !ids.includes(id)), []);

    // The retention, which is nought here, is looked at at the start.
    await server.start();
    await eventually('the end of the retention', async () => {
      return (await readdir(join(server.dataDir, 'logs'))).length === 0;
    });
    assert.equal((await server.api(`/backend/${ids[0]}`)).status, 404);
    assert.deepEqual([...histories(server.dataDir).keys()], []);
  });

  for (const [name, forget] of [
    ['a kill of the server and of all that it has started', async () => {}],
    ['a reboot', forgetAsARebootDoes],
  ] as const) {
    test(`after ${name} what ran is lost, and all of it is cleaned up`, { timeout: 60_000 }, async (t: TestContext) => {
      const server = await open(t);
      const spawned = await Promise.all(['a', 'b', 'c', 'd'].map(lock => spawn(server, 'serve', { lock })));
      await Promise.all(spawned.map(ready));
      // One that is on its way, and one that is ending.
      const starting = await spawn(server, 'silent', { lock: 'e' });
      const [first] = spawned as [TestBackend];
      (await (await spawn(server, 'stubborn', { lock: 'f' })).terminate()).ok();
      await server.kill();
      for (const { id } of spawned) for (const pid of await conmonsOf(server, id)) process.kill(pid, 'SIGKILL');
      await killAll(server);
      await forget(server);

      await server.start();
      for (const backend of spawned) await backend.reaches('Lost');
      assertNoFaults(server);
      const again = await Promise.all(['a', 'b', 'c', 'd'].map(lock => spawn(server, 'serve', { lock })));
      await Promise.all(again.map(ready));
      for (const backend of again) assert.equal((await backend.request('/')).status, 200);
      assert.ok(again.every(({ id, result }) => result.spawned && id !== first.id));
      assert.ok(['Loading', 'Starting', 'Lost'].includes((await starting.status()).state));

      await server.endWorkloads();
      assertNoFaults(server);
      await server.stop();
      assertNothing(withoutLogs(await traces(server.dataDir, { ids: [...spawned, ...again].map(({ id }) => id) })));
    });
  }
});

async function open(t: TestContext, settings: Record<string, number> = {}): Promise<TestServer> {
  const server = await TestServer.start({
    runtime,
    settings: {
      'network.pool_size': poolSize,
      'jamsocket.startup_timeout_seconds': 2,
      'jamsocket.stop_grace_seconds': 1,
      ...settings,
    },
  });
  t.after(() => server.destroy(), { timeout: 60_000 });
  const tiny = (...args: string[]) => ({ command: 'perl', args: ['tiny.pl', ...args], dir: programs });
  const services: Record<string, object> = {
    serve: tiny('serve'),
    stubborn: tiny('stubborn'),
    'exit-0': tiny('exit', '0', '200'),
    'exit-3': tiny('exit', '3', '200'),
    fail: tiny('fail', '5'),
    silent: { command: 'sleep', args: ['1000'] },
    'no-program': { command: 'there-is-no-such-program' },
    absent: {},
  };
  for (const [name, program] of Object.entries(services)) {
    (await server.api('/user/admin/service', { body: { name, ...program } })).ok();
  }
  return server;
}

async function spawn(server: TestServer, service: string, body: object = {}): Promise<TestBackend> {
  const answer = await server.api(`/user/admin/service/${service}/spawn`, { body });
  return new TestBackend(server, answer.ok<SpawnResult>());
}

async function runOnce(server: TestServer, way: Way): Promise<string> {
  const backend = await spawn(server, way.service, way.body);
  await way.end?.(server, backend);
  await backend.reaches(way.state);
  return backend.id;
}

async function conmonsOf(server: TestServer, id: string): Promise<number[]> {
  const { processes } = await traces(server.dataDir);
  return processes.filter(command => command.includes(`conmon --api-version 1 -c ${id} `)).map(Number.parseFloat);
}

/** Everything that a killed server has left running. */
async function killAll({ dataDir }: TestServer): Promise<void> {
  await eventually('the end of all processes', async () => {
    const { processes } = await traces(dataDir);
    const pids = [...processes.map(Number.parseFloat), ...(await containedProcesses(dataDir)).map(({ pid }) => pid)];
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

function assertNothing(found: Traces): void {
  assert.deepEqual(
    Object.entries(found).filter(([, entries]) => entries.length > 0),
    [],
  );
}

function assertNoFaults(server: TestServer): void {
  assert.deepEqual(server.stderr.filter(line => line.includes('"fault"')), []);
}
