import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { told, World } from './testing/world.ts';

describe('after a restart of the server', () => {
  test('what runs is the same process, and nothing was counted', async () => {
    const world = new World();
    await world.put('web');
    const { startedAt } = world.state('web');
    await world.time.pass(3_000);
    world.kill();
    await world.time.pass(3_000);
    await world.comeBack();
    const state = world.state('web');
    assert.deepEqual([state.status, state.pid, state.restartCount], ['running', 101, 0]);
    assert.deepEqual(state.startedAt, startedAt);
    assert.deepEqual(await told(await world.start('web')), ['started 101']);
    assert.deepEqual(await told(await world.stop('web')), ['stopping', 'stopped 143']);
    assert.equal(world.processes.launches.length, 1);
  });

  test('what is adopted starts its delays over after 10 seconds from its launch', async () => {
    const world = new World();
    await world.put('web', { ends: { afterMs: 10_500, exitCode: 1 } });
    await world.time.pass(10_000);
    world.kill();
    await world.comeBack();
    await world.time.pass(500);
    assert.equal(world.state('web').nextRestartAt?.getTime(), world.time.now().getTime() + 1_000);
  });

  test('what ended meanwhile is a crash, and restarted after what is left of its delay', async () => {
    const world = new World();
    await world.put('a');
    await world.put('b');
    world.kill();
    world.processes.crash('a', 3);
    await world.time.pass(5_000);
    world.processes.crash('b', 3);
    await world.time.pass(400);
    await world.comeBack();
    assert.deepEqual([world.state('a').restartCount, world.status('a')], [1, 'running']);
    const b = world.state('b');
    assert.deepEqual([b.status, b.error, b.exitCode], ['failed', 'exited with code 3', 3]);
    assert.equal(b.nextRestartAt?.getTime(), world.time.now().getTime() + 600);
    await world.time.pass(600);
    assert.deepEqual([world.state('b').restartCount, world.status('b')], [1, 'running']);
  });

  test('what is gone without a trace has crashed too', async () => {
    const world = new World();
    await world.put('web', { restart: 'never' });
    world.kill();
    world.processes.live.clear();
    await world.comeBack();
    assert.deepEqual(
      [world.status('web'), world.state('web').error],
      ['failed', 'ended while nobody could see how'],
    );
  });

  test('what was stopped by a user stays stopped', async () => {
    const world = new World();
    await world.put('web');
    await world.stop('web');
    world.kill();
    await world.comeBack();
    await world.time.pass(60_000);
    assert.deepEqual([world.status('web'), world.processes.launches.length], ['stopped', 1]);
  });

  test('a stop that was under way goes on', async () => {
    const world = new World();
    await world.put('web', { ignoresTerm: true });
    await world.put('other', { termMs: 500 });
    await world.stop('web', 60_000);
    await world.stop('other');
    world.kill();
    await world.time.pass(500);
    await world.comeBack();
    assert.deepEqual([world.status('web'), world.status('other')], ['stopping', 'stopped']);
    assert.equal(world.state('other').error, undefined);
    await world.time.pass(10_000);
    assert.equal(world.status('web'), 'stopped');
  });

  test('restart counts are kept', async () => {
    const world = new World();
    await world.put('web');
    await world.crash('web');
    await world.time.pass(1_000);
    await world.crash('web');
    await world.time.pass(2_000);
    world.kill();
    await world.comeBack();
    assert.deepEqual([world.status('web'), world.state('web').restartCount], ['running', 2]);
    await world.crash('web');
    world.kill();
    await world.comeBack();
    assert.deepEqual([world.status('web'), world.state('web').restartCount], ['failed', 2]);
    await world.time.pass(1_000);
    assert.deepEqual([world.status('web'), world.state('web').restartCount], ['running', 3]);
  });

  test('a restart that was pending comes; what has failed or finished for good is left', async () => {
    const world = new World();
    await world.put('crashed');
    await world.put('again');
    await world.put('failed', { restart: 'never' });
    await world.put('done', { restart: 'on-failure' });
    await world.crash('crashed', 2);
    await world.crash('again', 0);
    await world.crash('failed', 3);
    await world.crash('done', 0);
    world.kill();
    await world.comeBack();
    const seen = (name: string) => [world.status(name), world.state(name).error];
    assert.deepEqual(seen('crashed'), ['failed', 'exited with code 2']);
    assert.deepEqual(seen('again'), ['stopped', 'exited with code 0']);
    assert.deepEqual(seen('failed'), ['failed', 'exited with code 3']);
    assert.deepEqual(seen('done'), ['stopped', undefined]);
    await world.time.pass(60_000);
    assert.deepEqual(
      ['crashed', 'again', 'failed', 'done'].map(name => world.status(name)),
      ['running', 'running', 'failed', 'stopped'],
    );
  });

  test('a start that was acknowledged is carried out', async () => {
    const world = new World();
    await world.put('done', { restart: 'on-failure' });
    await world.crash('done', 0);
    await world.put('db', { port: 1 });
    await world.put('app', { needs: ['db'] });
    await world.supervisor.start('done');
    world.kill();
    await world.time.settle();
    world.processes.live.clear();
    world.processes.launches.length = 0;
    await world.comeBack();
    await world.time.pass(1_000);
    assert.equal(world.status('done'), 'running');
    assert.equal(world.status('app'), 'starting');
  });

  test('a definition that was acknowledged comes into force', async () => {
    const world = new World();
    await world.put('web', { version: 1, termMs: 500 });
    await world.put('web', { version: 2, termMs: 500 });
    world.kill();
    await world.comeBack();
    assert.equal(world.state('web').pid, 101);
    await world.time.pass(1_000);
    assert.deepEqual([world.state('web').pid, world.processes.of('web')[0]?.behaviour.version], [102, 2]);
    world.kill();
    await world.comeBack();
    await world.time.pass(1_000);
    assert.equal(world.state('web').pid, 102);
  });

  test('a definition that was acknowledged while the one before was starting comes into force', async () => {
    const world = new World();
    await world.put('db', { port: 1, listensAfterMs: 500 });
    await world.put('web', { version: 1, needs: ['db'] });
    await world.put('web', { version: 2, needs: ['db'], termMs: 500 });
    world.processes.onLaunch = () => world.kill();
    await world.time.pass(1_000);
    assert.equal(world.processes.of('web')[0]?.behaviour.version, 1);
    world.processes.onLaunch = () => {};
    await world.comeBack();
    await world.time.pass(1_000);
    assert.equal(world.processes.of('web')[0]?.behaviour.version, 2);
  });

  test('a launch that was under way is adopted', async () => {
    const world = new World();
    await world.put('web', { launchMs: 500 });
    world.kill();
    await world.time.pass(500);
    await world.comeBack();
    assert.deepEqual([world.status('web'), world.state('web').pid], ['running', 101]);
  });

  test('what runs counts as a need', async () => {
    const world = new World();
    await world.put('z-db');
    await world.put('app', { needs: ['z-db'] });
    await world.time.pass(100);
    world.kill();
    world.processes.crash('app', 1);
    await world.time.pass(5_000);
    await world.comeBack();
    assert.deepEqual([world.status('app'), world.state('z-db').pid], ['running', 101]);
  });
});

describe('after a restart of the machine', () => {
  test('what should run is started in order, and nothing is counted', async () => {
    const world = new World();
    await world.put('db');
    await world.put('app', { needs: ['db'] });
    await world.put('off');
    await world.time.pass(100);
    await world.stop('off');
    world.kill();
    world.processes.launches.length = 0;
    await world.comeBack('was booted');
    await world.time.pass(100);
    assert.deepEqual(
      world.processes.launches.map(({ unit }) => unit),
      ['db', 'app'],
    );
    for (const name of ['db', 'app']) {
      assert.deepEqual([world.status(name), world.state(name).restartCount], ['running', 0]);
    }
  });
});

describe('when the server stops', () => {
  test('what runs is left, a launch is finished, and nothing happens any more', async () => {
    const world = new World();
    await world.put('web');
    await world.put('stopping', { ignoresTerm: true });
    await world.put('crashed');
    await world.put('launching', { launchMs: 500 });
    await world.put('db', { port: 1 });
    await world.put('waiting', { needs: ['db'] });
    await world.crash('crashed');
    await world.stop('stopping');
    const closed = world.supervisor.close();
    await world.time.pass(500);
    await closed;
    const asked = world.processes.asked.length;
    await world.crash('web');
    await world.time.pass(60_000);
    assert.equal(world.processes.asked.length, asked);
    world.kill();
    await world.comeBack();
    await world.time.pass(60_000);
    const statuses = ['web', 'stopping', 'crashed', 'launching', 'waiting'].map(name => world.status(name));
    assert.deepEqual(statuses, ['running', 'stopped', 'running', 'running', 'starting']);
  });
});
