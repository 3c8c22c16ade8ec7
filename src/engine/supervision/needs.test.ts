import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { told, World } from './testing/world.ts';

const startedOrder = (world: World) => world.processes.asked.filter(ask => ask.startsWith('start '));

describe('the needs of a unit', () => {
  test('are started before it', async () => {
    const world = new World();
    await world.put('db');
    await world.put('app', { needs: ['db'] });
    await world.time.pass(100);
    await world.stop('app');
    await world.stop('db');
    const request = await world.start('app');
    assert.deepEqual([world.status('app'), world.status('db')], ['starting', 'running']);
    await world.time.pass(100);
    assert.deepEqual(await told(request), ['started 104']);
    const [db, app] = [world.state('db'), world.state('app')];
    assert.ok((db.startedAt?.getTime() ?? 0) <= (app.startedAt?.getTime() ?? 0));
    assert.equal(world.records.units.get('db')?.desired, 'running');
  });

  test('are started by levels, at the same time within one', async () => {
    const world = new World();
    await world.put('db', { launchMs: 50 });
    for (const name of ['cache', 'queue']) await world.put(name, { needs: ['db'], launchMs: 50 });
    await world.put('app', { needs: ['queue', 'cache'] });
    await world.time.pass(1_000);
    for (const name of ['app', 'queue', 'cache', 'db']) await world.stop(name);
    world.processes.launches.length = 0;
    const start = world.time.elapsedMs();
    await world.start('app');
    await world.time.pass(1_000);
    const launches = world.processes.launches.map(({ unit, atMs }) => [unit, atMs - start]);
    assert.deepEqual(launches, [
      ['db', 0],
      ['cache', 150],
      ['queue', 150],
      ['app', 300],
    ]);
  });

  test('count as started when their port accepts connections', async () => {
    const world = new World();
    await world.put('db', { port: 5432, listensAfterMs: 3_000 });
    const request = await world.put('app', { needs: ['db'] });
    await world.time.pass(2_990);
    assert.equal(world.status('app'), 'starting');
    await world.time.pass(20);
    assert.deepEqual(await told(request), ['started 102']);
  });

  test('whose port stays closed make the start fail after a time', async () => {
    const world = new World();
    await world.put('db', { port: 5432 });
    const request = await world.put('app', { needs: ['db'], restart: 'never' });
    await world.time.pass(10_000);
    const text = 'dependency "db" did not start: port 5432 did not accept connections within 10s';
    assert.deepEqual(await told(request), [`error: ${text}`]);
    assert.deepEqual(
      [world.state('app').error, world.status('app'), world.status('db')],
      [text, 'failed', 'running'],
    );
  });

  test('that end with code 0 at once have done what they are for', async () => {
    const world = new World();
    await world.put('migrate', { ends: { afterMs: 20, exitCode: 0 }, restart: 'on-failure' });
    const request = await world.put('app', { needs: ['migrate'] });
    await world.time.pass(20);
    assert.deepEqual(await told(request), ['started 102']);
  });

  test('that crash before they have settled, or before their port is open, make the start fail', async () => {
    const world = new World();
    await world.put('db', { ends: { afterMs: 99, exitCode: 1 }, restart: 'never' });
    const app = await world.put('app', { needs: ['db'], restart: 'never' });
    await world.time.pass(99);
    assert.deepEqual(await told(app), ['error: dependency "db" did not start: exited with code 1']);
    await world.put('slow', { port: 1, ends: { afterMs: 500, exitCode: 137 }, restart: 'never' });
    const other = await world.put('other', { needs: ['slow'], restart: 'never' });
    await world.time.pass(500);
    assert.deepEqual(await told(other), ['error: dependency "slow" did not start: killed by SIGKILL']);
  });

  test('that can not be launched make the start fail; those that did start go on', async () => {
    const world = new World();
    await world.put('db', { missing: 'command not found: /no/such', restart: 'never' });
    await world.put('cache');
    await world.put('mid', { needs: ['db'], restart: 'never' });
    await world.stop('mid');
    await world.stop('cache');
    const request = await world.put('app', { needs: ['cache', 'mid'], restart: 'never' });
    await world.time.pass(100);
    const text = 'dependency "db" did not start: command not found: /no/such';
    assert.deepEqual(await told(request), [`error: ${text}`]);
    assert.equal(world.status('cache'), 'running');
    assert.equal(world.status('mid'), 'stopped');
    assert.equal(world.status('app'), 'failed');
  });

  test('that fail are tried again under its restart policy', async () => {
    const world = new World();
    await world.put('db', { missing: 'no', restart: 'never' });
    await world.put('app', { needs: ['db'] });
    assert.equal(world.state('app').nextRestartAt?.getTime(), world.time.now().getTime() + 1_000);
    await world.time.pass(1_000);
    assert.equal(world.state('app').restartCount, 1);
    assert.deepEqual(startedOrder(world), ['start db', 'start db', 'start db']);
    await world.put('db');
    await world.time.pass(2_100);
    assert.equal(world.status('app'), 'running');
  });

  test('that wait for a restart are started at once by a request, but not by a restart', async () => {
    const world = new World();
    await world.put('db', { ends: { afterMs: 0, exitCode: 1 } });
    await world.time.pass(7_500);
    const dbStarts = () => world.processes.launches.filter(({ unit }) => unit === 'db').length;
    const before = dbStarts();
    await world.put('app', { needs: ['db'] });
    assert.equal(dbStarts(), before + 1);
    assert.equal(world.state('app').error, 'dependency "db" did not start: exited with code 1');
    await world.time.pass(1_000);
    assert.equal(world.state('app').restartCount, 1);
    assert.equal(dbStarts(), before + 1);
  });

  test('that run are left alone', async () => {
    const world = new World();
    await world.put('db');
    await world.time.pass(5_000);
    const request = await world.put('app', { needs: ['db'] });
    assert.deepEqual(await told(request), ['started 102']);
    await world.crash('db');
    assert.deepEqual([world.status('db'), world.status('app')], ['failed', 'running']);
    await world.time.pass(1_000);
    assert.deepEqual([world.status('db'), world.state('app').pid], ['running', 102]);
    await world.restart('db');
    assert.equal(world.state('app').pid, 102);
  });

  test('that are being stopped are started again after that', async () => {
    const world = new World();
    await world.put('db', { termMs: 400 });
    await world.put('app', { needs: ['db'] });
    await world.time.pass(100);
    await world.stop('app');
    const stop = await world.stop('db');
    const start = await world.start('app');
    await world.time.pass(1_000);
    assert.deepEqual(await told(stop), ['stopping', 'stopped 143']);
    assert.deepEqual(await told(start), ['started 104']);
    assert.equal(world.status('db'), 'running');
  });

  test('can not wait for each other, however definitions change meanwhile', async () => {
    const world = new World({ needsTimeoutMs: 1_000_000 });
    await world.put('slow', { port: 1, listensAfterMs: 5_000 });
    await world.put('b', { needs: [] });
    await world.put('c', { needs: ['slow', 'b'] });
    await world.stop('c');
    await world.stop('b');
    await world.put('a', { needs: ['c'] });
    await world.time.pass(200);
    await world.supervisor.define('a', { spec: { version: 2 }, needs: [], restart: 'never' });
    await world.supervisor.define('b', { spec: { version: 2 }, needs: ['a'], restart: 'never' });
    await world.time.pass(60_000);
    assert.deepEqual(
      ['a', 'b', 'c'].map(name => world.status(name)),
      ['running', 'running', 'running'],
    );
    assert.equal(world.supervisor.isBusy, false);
  });
});

describe('what others need', () => {
  test('can not be stopped while they run or start', async () => {
    const world = new World();
    await world.put('db', { port: 1, listensAfterMs: 1_000 });
    await world.put('mid', { needs: ['db'] });
    await world.put('app', { needs: ['mid'] });
    await assert.rejects(world.stop('db'), { code: 'in-use', units: ['app', 'mid'] });
    await world.time.pass(2_000);
    await assert.rejects(world.stop('db'), {
      code: 'in-use',
      units: ['app', 'mid'],
      message: /"app", "mid"/,
    });
    await world.stop('app');
    await assert.rejects(world.stop('db'), { code: 'in-use', units: ['mid'] });
    await world.stop('mid');
    assert.deepEqual(await told(await world.stop('db')), ['stopping', 'stopped 143']);
  });

  test('can be stopped when they have failed', async () => {
    const world = new World();
    await world.put('db');
    await world.put('app', { needs: ['db'], restart: 'never' });
    await world.time.pass(100);
    await world.crash('app');
    await world.stop('db');
    assert.equal(world.status('db'), 'stopped');
  });
});

describe('a boot', () => {
  const fill = async (world: World) => {
    await world.put('db', { port: 1, listensAfterMs: 200 });
    await world.put('app', { needs: ['db'] });
    await world.put('other');
    await world.put('off');
    await world.time.pass(1_000);
    await world.stop('off');
    await world.supervisor.shutDown(10_000);
    assert.equal(world.processes.live.size, 0);
    world.processes.launches.length = 0;
  };

  test('starts what should run, needs first, and counts nothing', async () => {
    const world = new World();
    await fill(world);
    world.supervisor.boot();
    await world.time.pass(1_000);
    assert.deepEqual(
      world.processes.launches.map(({ unit }) => unit),
      ['db', 'other', 'app'],
    );
    for (const name of ['db', 'app', 'other']) {
      assert.deepEqual([world.status(name), world.state(name).restartCount], ['running', 0]);
    }
    assert.equal(world.status('off'), 'stopped');
  });

  test('is held up by a failure only where it is needed, and goes on when that is over', async () => {
    const world = new World();
    await fill(world);
    await world.supervisor.define('db', { spec: { missing: 'no' }, needs: [], restart: 'never' });
    await world.supervisor.define('app', { spec: {}, needs: ['db'], restart: 'never' });
    world.processes.launches.length = 0;
    world.supervisor.boot();
    await world.time.settle();
    assert.deepEqual(
      world.processes.launches.map(({ unit }) => unit),
      ['db', 'other'],
    );
    const { status, error, nextRestartAt } = world.state('app');
    assert.deepEqual([status, error], ['failed', 'dependency "db" did not start: no']);
    assert.ok(nextRestartAt !== undefined);
    assert.equal(world.state('db').nextRestartAt, undefined);
    await world.put('db');
    await world.time.pass(5_000);
    assert.equal(world.status('app'), 'running');
    await world.crash('app');
    assert.equal(world.state('app').nextRestartAt, undefined);
  });

  test('starts what was stopped by a user only for those that need it', async () => {
    const world = new World();
    await world.put('db');
    await world.put('app', { needs: ['db'], ends: { afterMs: 200, exitCode: 1 } });
    await world.time.pass(300);
    await world.stop('db');
    await world.supervisor.shutDown(1_000);
    world.supervisor.boot();
    await world.time.pass(150);
    assert.deepEqual([world.status('db'), world.status('app')], ['running', 'running']);
    await world.supervisor.shutDown(1_000);
  });
});

describe('a shut-down', () => {
  test('ends dependants before what they need, all within one time', async () => {
    const world = new World();
    await world.put('db', { ignoresTerm: true });
    await world.put('app', { needs: ['db'], ignoresTerm: true });
    await world.put('other', { termMs: 50 });
    await world.time.pass(100);
    const done = world.supervisor.shutDown(10_000);
    await world.time.pass(9_999);
    assert.equal(world.status('db'), 'running');
    await world.time.pass(1);
    await done;
    assert.deepEqual(world.processes.asked.slice(3), [
      'TERM app',
      'TERM other',
      'KILL app',
      'TERM db',
      'KILL db',
    ]);
    assert.equal(world.processes.live.size, 0);
  });

  test('keeps what is desired, and starts nothing any more', async () => {
    const world = new World();
    await world.put('web');
    await world.put('crashing');
    await world.put('waiting', { launchMs: 500 });
    await world.crash('crashing');
    const done = world.supervisor.shutDown(10_000);
    await world.time.pass(500);
    await done;
    const request = await world.start('web');
    assert.deepEqual(await told(request), ['error: everything is being stopped']);
    await world.time.pass(60_000);
    assert.equal(world.processes.live.size, 0);
    for (const name of ['web', 'crashing', 'waiting']) {
      assert.equal(world.supervisor.unit(name)?.desired, 'running');
    }
    assert.deepEqual([world.status('web'), world.status('waiting')], ['stopped', 'stopped']);
  });

  test('is not needed when the workload is gone', async () => {
    const world = new World();
    await world.put('web', { ignoresTerm: true });
    await world.put('db', { port: 1 });
    const start = await world.put('app', { needs: ['db'] });
    const stop = await world.stop('web');
    world.processes.live.clear();
    world.supervisor.lost();
    await world.time.pass(60_000);
    assert.deepEqual(await told(stop), ['stopping', 'stopped -']);
    assert.deepEqual(await told(start), ['error: everything is being stopped']);
    assert.deepEqual([world.status('db'), world.state('db').error], ['stopped', undefined]);
    world.supervisor.boot();
    await world.time.pass(1_000);
    assert.deepEqual([world.status('db'), world.state('db').restartCount], ['running', 0]);
    assert.equal(world.status('web'), 'stopped');
  });
});
