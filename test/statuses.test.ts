import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { forEachRuntime, type TestBackend, type World } from './support/index.ts';

const settings = { 'jamsocket.stop_grace_seconds': 1 };
const impatient = { 'jamsocket.startup_timeout_seconds': 1.5 };
const living = ['Loading', 'Starting', 'Ready'];

forEachRuntime('statuses', { settings }, world => {
  test('Loading, Starting, Ready, and Terminated when it is asked to end', async () => {
    const backend = await world.spawn(await world.service('echo.js'));
    assert.equal(backend.result.status, 'Loading');
    await backend.reaches('Ready');
    (await backend.terminate()).ok();
    await assertStates(world, backend, ['Loading', 'Starting', 'Ready', 'Terminated']);
    assert.deepEqual(await backend.log(), ['listening'], 'a normal run adds no lines of the platform');
  });

  test('Terminated by force, when it ignores that it is asked to', async () => {
    const backend = await world.ready('stubborn.js');
    (await backend.terminate()).ok();
    await assertStates(world, backend, ['Loading', 'Starting', 'Ready', 'Terminated']);
    assert.deepEqual(await backend.log(), ['asked to end, but no']);
  });

  test('Terminated at once, by a hard request', async () => {
    const backend = await world.ready('stubborn.js');
    (await backend.terminate({ hard: true })).ok();
    await assertStates(world, backend, ['Loading', 'Starting', 'Ready', 'Terminated']);
    assert.deepEqual(await backend.log(), [], 'it was never asked');
  });

  test('Terminated by force, when a hard request follows a soft one', async () => {
    const backend = await world.ready('stubborn.js');
    (await backend.terminate()).ok();
    (await backend.terminate({ hard: true })).ok();
    await assertStates(world, backend, ['Loading', 'Starting', 'Ready', 'Terminated']);
  });

  test('Terminated while it starts, with no Ready after that', async () => {
    const service = await world.service('late.js', { args: ['1000'] });
    const backend = await world.spawn(service);
    await backend.reaches('Starting');
    (await backend.terminate()).ok();
    await assertStates(world, backend, ['Loading', 'Starting', 'Terminated']);
  });

  test('Terminated right after the spawn, with nothing left running', async () => {
    const service = await world.service('echo.js');
    const backends = await Promise.all(Array.from({ length: 5 }, () => world.spawn(service)));
    await Promise.all(backends.map(async backend => (await backend.terminate()).ok()));
    for (const backend of backends) {
      const states = await backend.states();
      assert.equal(states.at(-1)?.state, 'Terminated');
      assert.ok(!states.some(({ state }) => state === 'Ready'));
    }
  });

  test('Terminated when its service is deleted', async () => {
    const service = await world.service('echo.js');
    const backend = await world.spawn(service);
    await backend.reaches('Ready');
    (await world.api(`/user/admin/service/${service}/delete`, { method: 'POST' })).ok();
    await assertStates(world, backend, ['Loading', 'Starting', 'Ready', 'Terminated']);
    assert.equal((await world.api(`/user/admin/service/${service}`)).status, 404);
  });

  test('Swept when nobody is connected', async () => {
    const backend = await world.spawn(await world.service('echo.js'), { grace_period_seconds: 1 });
    await assertStates(world, backend, ['Loading', 'Starting', 'Ready', 'Swept']);
  });

  test('Exited when it ends by itself with code 0', async () => {
    const backend = await world.ready('echo.js');
    await backend.request('/exit?0').catch(() => {});
    await assertStates(world, backend, ['Loading', 'Starting', 'Ready', 'Exited']);
  });

  test('Failed when it ends by itself with another code', async () => {
    const backend = await world.ready('echo.js');
    await backend.request('/exit?3').catch(() => {});
    await assertStates(world, backend, ['Loading', 'Starting', 'Ready', 'Failed']);
  });

  test('Failed when a signal ends it', async () => {
    const backend = await world.ready('abort.js');
    await backend.request('/');
    await assertStates(world, backend, ['Loading', 'Starting', 'Ready', 'Failed']);
  });

  for (const code of ['0', '1']) {
    test(`ErrorStarting when it ends with code ${code} before it listens`, async () => {
      const backend = await world.spawn(await world.service('exit.js', { args: [code] }));
      await assertStates(world, backend, ['Loading', 'Starting', 'ErrorStarting']);
      assert.equal((await backend.log())[0], 'this is all');
    });
  }

  test('ErrorStarting when its command does not exist, with the cause in the log', async () => {
    const body = { name: 'missing-command', command: 'there-is-no-such-command' };
    (await world.api('/user/admin/service', { body })).ok();
    const backend = await world.spawn(body.name);
    await assertStates(world, backend, ['Loading', 'Starting', 'ErrorStarting']);
    await assertCause(backend, /there-is-no-such-command/);
  });

  test('ErrorStarting when its command may not be run, with the cause in the log', async () => {
    const body = { name: 'not-executable', command: '/etc' };
    (await world.api('/user/admin/service', { body })).ok();
    const backend = await world.spawn(body.name);
    await assertStates(world, backend, ['Loading', 'Starting', 'ErrorStarting']);
    await assertCause(backend, /\/etc/);
  });

  test('ErrorLoading when there is no image, with the cause in the log', async () => {
    (await world.api('/user/admin/service', { body: { name: 'no-image' } })).ok();
    for (const body of [{}, { tag: 'absent' }, { tag: `sha256:${'0'.repeat(64)}` }]) {
      const backend = await world.spawn('no-image', body);
      assert.equal(backend.result.spawned, true);
      await assertStates(world, backend, ['Loading', 'ErrorLoading']);
      await assertCause(backend, /image/);
    }
  });

  test('all that is told of a backend agrees with its states', async () => {
    const service = await world.service('echo.js');
    const backend = await world.spawn(service, { lock: 'doc' });
    await backend.reaches('Ready');
    const { statuses, ...facts } = (await world.api(`/backend/${backend.id}`)).ok<{
      statuses: { value: string; timestamp: string }[];
      created_at: string;
    }>();
    const { created_at: createdAt, ...rest } = facts;
    assert.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(rest, {
      name: backend.id,
      service_name: service,
      cluster_name: 'default',
      account_name: 'admin',
      lock: 'doc',
      image_digest: '-',
      environment_name: 'default',
    });
    assert.deepEqual(
      statuses.map(({ value }) => value),
      ['Loading', 'Starting', 'Ready'],
    );
    const { running_backends: live } = (await world.api('/user/admin/backends')).ok<{
      running_backends: { name: string; status: string; status_timestamp: string }[];
    }>();
    const item = live.find(({ name }) => name === backend.id);
    assert.deepEqual([item?.status, item?.status_timestamp], ['Ready', statuses[2]?.timestamp]);
    (await backend.terminate()).ok();
    await backend.reaches('Terminated');
    assert.ok(!JSON.stringify((await world.api('/user/admin/backends')).ok()).includes(backend.id));
  });
});

forEachRuntime('a backend that takes too long', { settings: impatient }, world => {
  test('TimedOutBeforeReady when it never listens, with the cause in the log', async () => {
    const backend = await world.spawn(await world.service('silent.js'));
    const states = await assertStates(world, backend, ['Loading', 'Starting', 'TimedOutBeforeReady']);
    const [, starting, end] = states.map(({ time }) => Date.parse(time));
    const tookMs = (end ?? 0) - (starting ?? 0);
    assert.ok(tookMs >= 1_500 && tookMs < 15_000, `${tookMs} ms`);
    await assertCause(backend, /port/);
  });
});

forEachRuntime('a lost backend', { runtimes: ['process'] }, world => {
  test('Lost when the server was killed and its processes with it', async () => {
    const backend = await world.ready('echo.js', { lock: 'doc' });
    await world.server.kill();
    await world.server.restart();
    await assertStates(world, backend, ['Loading', 'Starting', 'Ready', 'Lost']);
    const next = await world.spawn(await world.service('echo.js'), { lock: 'doc' });
    assert.notEqual(next.id, backend.id);
    assert.equal(next.result.spawned, true);
  });
});

forEachRuntime('a lost backend', { runtimes: ['oci'], concurrency: 1 }, world => {
  test('Lost when what watches over it is killed with the server', async () => {
    const backend = await world.ready('echo.js', { lock: 'doc' });
    await world.server.kill();
    for (const pid of await processesOf(backend)) process.kill(pid, 'SIGKILL');
    await world.server.restart();
    await assertStates(world, backend, ['Loading', 'Starting', 'Ready', 'Lost']);
    assert.equal((await world.spawn(await world.service('echo.js'), { lock: 'doc' })).result.spawned, true);
  });

  test('Lost when what watches over it is killed under the running server', async () => {
    const backend = await world.ready('echo.js');
    for (const pid of await processesOf(backend)) process.kill(pid, 'SIGKILL');
    await assertStates(world, backend, ['Loading', 'Starting', 'Ready', 'Lost']);
  });
});

/** Checks the order of states and that all ways to ask for them agree. */
async function assertStates(world: World, backend: TestBackend, expected: readonly string[]) {
  const states = await backend.states();
  assert.deepEqual(
    states.map(({ state }) => state),
    expected,
    (await backend.log()).join('\n'),
  );
  for (const status of states) {
    assert.deepEqual(Object.keys(status), ['state', 'time', 'backend']);
    assert.equal(status.backend, backend.id);
    assert.match(status.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  }
  const times = states.map(({ time }) => time);
  assert.deepEqual(times, [...new Set(times)].sort(), 'times rise strictly');
  assert.deepEqual(await backend.status(), states.at(-1));
  assert.deepEqual(await backend.states(), states, 'a second look sees the same');
  assert.ok(!living.includes(states.at(-1)?.state ?? ''));
  const { statuses } = (await world.api(`/backend/${backend.id}`)).ok<{ statuses: unknown[] }>();
  assert.deepEqual(
    statuses,
    states.map(({ state, time }) => ({ value: state, timestamp: time })),
  );
  return states;
}

async function assertCause(backend: TestBackend, cause: RegExp): Promise<void> {
  const lines = (await backend.log()).filter(line => line.startsWith('berth: '));
  assert.equal(lines.length, 1, lines.join('\n'));
  assert.match(lines[0] ?? '', cause);
}

/** The programs on this machine that have a backend's id in their command line. */
async function processesOf({ id }: TestBackend): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(id)) found.push(Number(pid));
  }
  assert.ok(found.length > 0, 'nothing watches over it');
  return found;
}
