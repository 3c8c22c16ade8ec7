import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, forEachRuntime, type World } from '../support/index.ts';
import { codeOf, outputOf, type ServiceShape, streamOf, TestServices, typesOf } from './services-support.ts';
import { TestSprite } from './support.ts';

const settings = {
  'logs.segment_bytes': 65_536,
  'sprites.log_max_bytes': 131_072,
  'sprites.log_files': 50,
  'sprites.restart_backoff': '400ms',
};
const counting = 'i=0; while :; do i=$((i+1)); echo "line $i"; [ $((i % 5)) = 0 ] && sleep 0.01; done';
const names = ['app', 'db', 'mid'];

forEachRuntime(
  'services and a server that is killed',
  { runtimes: ['oci'], settings, concurrency: 1 },
  world => {
    test('run on, with all of their output, and are taken up as they are', async () => {
      const services = await chain(world);
      await services.put('idle', { cmd: 'sleep', args: ['600'] });
      await services.post('idle', 'stop');
      await services.sh('brief', 'sleep 1; exit 9', { restart: 'never' });
      await services.sh(
        'crashes',
        'echo "run"; [ -e crashed ] && exec sleep 600; touch crashed; sleep 1; exit 6',
      );
      const before = await shapes(services);
      await world.server.kill();
      await delay(2_000);
      await world.server.start();
      const after = await shapes(services);
      assert.deepEqual(
        names.map(name => after.get(name)?.state),
        names.map(name => before.get(name)?.state),
      );
      assert.equal(after.get('idle')?.state.status, 'stopped');
      const brief = await services.get('brief');
      assert.deepEqual([brief.state.status, brief.state.error], ['failed', 'exited with code 9']);
      const crashed = await eventually('a restart after the crash', async () => {
        const { state } = await services.get('crashes');
        return state.status === 'running' && state;
      });
      assert.equal(crashed.restart_count, 1);
      assert.deepEqual(outputOf(await services.logs('crashes')), 'run\nrun\n');

      await delay(500);
      await services.post('app', 'stop');
      const numbers = numbersOf(outputOf(await services.logs('app')));
      assert.ok(numbers.length > 500, `${numbers.length} lines`);
      assert.deepEqual(
        numbers,
        numbers.map((_, i) => i + 1),
      );
    });

    test('come back in the order of their needs when all was lost with the machine', async () => {
      const services = await chain(world);
      await services.put('idle', { cmd: 'sleep', args: ['600'] });
      await services.post('idle', 'stop');
      const before = await shapes(services);
      const workload = await workloadOf(world, services);
      await world.server.kill();
      await killContainer(world, workload);
      await world.server.start();
      await assertBack(services, before);
      assert.equal((await services.get('idle')).state.status, 'stopped');
    });

    test('come back when their sprite is killed', async () => {
      const services = await chain(world);
      const before = await shapes(services);
      await killContainer(world, await workloadOf(world, services));
      // Nobody asks for it.
      await eventually('a new boot', async () => {
        const { sprites } = (await world.api(`/v1/sprites?prefix=${services.sprite.name}`)).ok<{
          sprites: { status: string; last_running_at: string }[];
        }>();
        const [sprite] = sprites;
        const bootedMs = Date.parse(sprite?.last_running_at ?? '');
        return (
          sprite?.status === 'running' && bootedMs > Date.parse(before.get('app')?.state.started_at ?? '')
        );
      });
      await assertBack(services, before);
    });

    test('streams end with an error and complete when the server stops; services run on', async () => {
      const services = await chain(world);
      const before = await shapes(services);
      const streams = [
        services.sprite.api('/services/app/logs?lines=1&duration=50s'),
        services.sprite.api('/services/db/start?duration=50s', { method: 'POST' }),
      ];
      await delay(300);
      await world.server.restart();
      for (const answer of await Promise.all(streams)) {
        assert.deepEqual(typesOf(streamOf(answer)).slice(-2), ['error', 'complete']);
      }
      const after = await shapes(services);
      for (const name of names) assert.equal(after.get(name)?.state.pid, before.get(name)?.state.pid);
    });
  },
);

forEachRuntime('services that crash', { settings }, world => {
  test('are started again after pauses that double', async () => {
    const services = new TestServices(await TestSprite.create(world));
    await services.sh('loop', 'echo up; exit 1');
    const pending = await eventually('a pending restart', async () => {
      const { state } = await services.get('loop');
      return state.status === 'failed' && state;
    });
    assert.ok(Date.parse(pending.next_restart_at ?? '') >= Date.parse(pending.started_at ?? '') + 400);
    const lines = await eventually('five runs', async () => {
      const all = (await services.logs('loop')).slice(0, -1);
      return all.length >= 5 && all;
    });
    const gaps = lines.slice(1).map(({ timestamp }, i) => timestamp - (lines[i]?.timestamp ?? 0));
    for (const [i, leastMs] of [400, 800, 1_600, 3_200].entries()) {
      assert.ok((gaps[i] ?? 0) >= leastMs - 20, `gaps of ${gaps.join(', ')} ms`);
    }
    assert.ok(((await services.get('loop')).state.restart_count ?? 0) >= 4);

    // A stop while it waits.
    await eventually(
      'the next pause',
      async () => (await services.get('loop')).state.next_restart_at !== undefined,
    );
    const stopped = await services.post('loop', 'stop');
    assert.deepEqual(
      [typesOf(stopped), codeOf(stopped, 'stopped')],
      [['stopping', 'stopped', 'complete'], 1],
    );
    const { state } = await services.get('loop');
    assert.deepEqual([state.status, state.error, state.next_restart_at], ['stopped', undefined, undefined]);
    const { length } = await services.logs('loop');
    await delay(1_000);
    assert.equal((await services.logs('loop')).length, length);
    // Asked for, it starts at once and the count begins anew.
    const started = await services.post('loop', 'start?duration=20s');
    assert.deepEqual(typesOf(started), ['started', 'stdout', 'exit', 'complete']);
    assert.ok(((await services.get('loop')).state.restart_count ?? 0) <= 1);
  });

  test('of one whose end was fine nothing is started again, unless that is always so', async () => {
    const services = new TestServices(await TestSprite.create(world));
    await services.sh('fine', 'exit 0', {}, 'duration=20s');
    const { state } = await services.get('fine');
    assert.ok(state.status !== 'stopped' || state.error === 'exited with code 0', JSON.stringify(state));
    await eventually('its restart', async () => ((await services.get('fine')).state.restart_count ?? 0) >= 1);
  });
});

/** `app` needs `mid` needs `db`; `app` counts. */
async function chain(world: World): Promise<TestServices> {
  const services = new TestServices(await TestSprite.create(world));
  await services.put('db', { cmd: 'sleep', args: ['600'] });
  await services.put('mid', { cmd: 'sleep', args: ['600'], needs: ['db'] });
  await services.sh('app', counting, { needs: ['mid'] });
  return services;
}

async function shapes({ sprite }: TestServices): Promise<ReadonlyMap<string, ServiceShape>> {
  const all = (await sprite.api('/services')).ok<ServiceShape[]>();
  return new Map(all.map(service => [service.name, service]));
}

async function assertBack(services: TestServices, before: ReadonlyMap<string, ServiceShape>): Promise<void> {
  const after = await eventually('all services', async () => {
    const now = await shapes(services);
    return names.every(name => now.get(name)?.state.status === 'running') && now;
  });
  for (const name of names) {
    const [old, now] = [before.get(name)?.state, after.get(name)?.state];
    assert.ok(Date.parse(now?.started_at ?? '') > Date.parse(old?.started_at ?? ''), name);
    assert.equal(now?.restart_count, undefined, `${name} was not restarted by itself`);
  }
  const times = ['db', 'mid', 'app'].map(name => Date.parse(after.get(name)?.state.started_at ?? ''));
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
}

function numbersOf(text: string): number[] {
  return text.split('\n').flatMap(line => (line.startsWith('line ') ? [Number(line.slice(5))] : []));
}

async function workloadOf(world: World, { sprite }: TestServices): Promise<string> {
  const { machine_id: id } = (await sprite.api('/restart', { body: {} })).ok<{ machine_id: string }>();
  const services = new TestServices(sprite);
  await eventually('its services', async () => (await services.get('app')).state.status === 'running');
  assert.ok((await readdir(`${world.server.dataDir}/oci/bundles`)).includes(id));
  return id;
}

/** As if the machine had lost power: all of its processes, and those that watch them, are gone. */
async function killContainer(world: World, workload: string): Promise<void> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (!command.includes('conmon') || !command.includes(`${world.server.dataDir}/`)) continue;
    if (command.includes(workload)) process.kill(Number(name), 'SIGKILL');
  }
  const pidFile = `${world.server.dataDir}/oci/bundles/${workload}/pid`;
  process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGKILL');
}
