import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { told, World } from './testing/world.ts';

const seconds = (world: World, unit: string): number[] => {
  const starts = world.processes.launches.filter(launch => launch.unit === unit).map(({ atMs }) => atMs);
  return starts.slice(1).map((atMs, index) => (atMs - (starts[index] ?? 0)) / 1_000);
};

describe('a crash loop', () => {
  test('is slowed down to one start in 30 seconds', async () => {
    const world = new World();
    await world.put('web', { ends: { afterMs: 0, exitCode: 1 } });
    await world.time.pass(160_000);
    assert.deepEqual(seconds(world, 'web'), [1, 2, 4, 8, 16, 30, 30, 30, 30]);
    assert.equal(world.state('web').restartCount, 9);
  });

  test('tells when the next start is due', async () => {
    const world = new World();
    await world.put('web');
    await world.crash('web', 1);
    const { status, error, nextRestartAt, pid, exitCode } = world.state('web');
    assert.deepEqual([status, error, pid, exitCode], ['failed', 'exited with code 1', undefined, 1]);
    assert.equal(nextRestartAt?.getTime(), world.time.now().getTime() + 1_000);
    await world.time.pass(1_000);
    assert.equal(world.state('web').nextRestartAt, undefined);
    assert.equal(world.state('web').error, undefined);
  });

  test('of what can not be launched goes on in the same way', async () => {
    const world = new World();
    const request = await world.put('web', { missing: 'command not found: web' });
    assert.deepEqual(await told(request), ['error: command not found: web']);
    assert.deepEqual(
      [world.state('web').status, world.state('web').error],
      ['failed', 'command not found: web'],
    );
    await world.time.pass(7_000);
    assert.deepEqual(seconds(world, 'web'), [1, 2, 4]);
    assert.equal(world.state('web').restartCount, 3);
  });

  test('starts over after 10 seconds of running', async () => {
    const world = new World();
    await world.put('web', { ends: { afterMs: 9_999, exitCode: 1 } });
    await world.time.pass(9_999 + 1_000 + 9_999 + 2_000);
    assert.deepEqual(seconds(world, 'web'), [10.999, 11.999]);
    await world.put('web', { ends: { afterMs: 10_000, exitCode: 1 } });
    await world.time.pass(40_000);
    assert.deepEqual(seconds(world, 'web').slice(-2), [11, 11]);
  });

  test('starts over when somebody starts it', async () => {
    const world = new World();
    await world.put('web', { ends: { afterMs: 0, exitCode: 1 } });
    await world.time.pass(7_500);
    assert.equal(world.state('web').restartCount, 3);
    await world.start('web');
    assert.equal(world.state('web').restartCount, 0);
    await world.time.pass(3_000);
    assert.deepEqual(seconds(world, 'web'), [1, 2, 4, 0.5, 1, 2]);
    assert.equal(world.state('web').restartCount, 2);
  });

  test('goes on when something only needs it now', async () => {
    const world = new World();
    await world.put('web', { ends: { afterMs: 0, exitCode: 1 } });
    await world.time.pass(7_500);
    await world.supervisor.start('web', 'wanted');
    await world.time.settle();
    assert.equal(world.state('web').restartCount, 3);
    assert.equal(world.state('web').nextRestartAt?.getTime(), world.time.now().getTime() + 16_000);
  });
});

describe('the restart policy', () => {
  const cases = [
    { restart: 'always', exitCode: 1, status: 'failed', error: 'exited with code 1', restarts: true },
    { restart: 'always', exitCode: 0, status: 'stopped', error: 'exited with code 0', restarts: true },
    { restart: 'always', exitCode: 137, status: 'failed', error: 'killed by SIGKILL', restarts: true },
    { restart: 'on-failure', exitCode: 3, status: 'failed', error: 'exited with code 3', restarts: true },
    { restart: 'on-failure', exitCode: 0, status: 'stopped', error: undefined, restarts: false },
    { restart: 'never', exitCode: 3, status: 'failed', error: 'exited with code 3', restarts: false },
    { restart: 'never', exitCode: 0, status: 'stopped', error: undefined, restarts: false },
  ] as const;
  for (const { restart, exitCode, status, error, restarts } of cases) {
    test(`${restart}, exit code ${exitCode}: ${status}, ${restarts ? 'restarted' : 'left'}`, async () => {
      const world = new World();
      await world.put('web', { restart });
      await world.crash('web', exitCode);
      const state = world.state('web');
      assert.deepEqual([state.status, state.error], [status, error]);
      assert.equal(state.nextRestartAt !== undefined, restarts);
      await world.time.pass(60_000);
      assert.equal(world.processes.launches.length, restarts ? 2 : 1);
      assert.equal(world.state('web').restartCount, restarts ? 1 : 0);
    });
  }

  test('never leaves what could not be launched', async () => {
    const world = new World();
    await world.put('web', { restart: 'never', missing: 'no' });
    await world.time.pass(60_000);
    assert.deepEqual([world.status('web'), world.processes.launches.length], ['failed', 1]);
  });

  test('counts from the definition that is in force', async () => {
    const world = new World();
    await world.put('web', { restart: 'never' });
    await world.put('web', { restart: 'always' });
    await world.crash('web');
    await world.time.pass(1_000);
    assert.equal(world.status('web'), 'running');
  });
});

describe('while the workload stands still', () => {
  test('no restart comes, and no time counts as running', async () => {
    const world = new World();
    await world.put('web');
    await world.crash('web');
    await world.time.pass(400);
    const due = world.state('web').nextRestartAt?.getTime() ?? 0;
    world.supervisor.pause();
    await world.time.pass(60_000);
    assert.equal(world.processes.launches.length, 1);
    world.supervisor.resume();
    assert.equal(world.state('web').nextRestartAt?.getTime(), due + 60_000);
    await world.time.pass(600);
    assert.equal(world.processes.launches.length, 2);
    world.supervisor.pause();
    await world.time.pass(60_000);
    world.supervisor.resume();
    await world.crash('web');
    assert.equal(world.state('web').nextRestartAt?.getTime(), world.time.now().getTime() + 2_000);
  });

  test('the patience of a stop waits', async () => {
    const world = new World();
    await world.put('web', { ignoresTerm: true });
    await world.stop('web', 1_000);
    world.supervisor.pause();
    await world.time.pass(60_000);
    assert.equal(world.status('web'), 'stopping');
    world.supervisor.resume();
    await world.time.pass(1_000);
    assert.equal(world.status('web'), 'stopped');
  });
});

describe('when the disk is full', () => {
  test('a crash is seen all the same, and the restart comes when it can be recorded', async () => {
    const world = new World();
    await world.put('web');
    const full = () => {
      throw new Error('the disk is full');
    };
    world.records.beforeWrite = full;
    await world.crash('web');
    assert.equal(world.status('web'), 'failed');
    await world.time.pass(1_000);
    assert.match(world.state('web').error ?? '', /^Berth failed; .* fault_test$/);
    assert.equal(world.processes.launches.length, 1);
    world.records.beforeWrite = () => {};
    await world.time.pass(2_000);
    assert.equal(world.status('web'), 'running');
    assert.ok(world.faults.length >= 2);
  });
});
