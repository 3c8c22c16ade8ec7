import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SupervisionError } from './supervision-error.ts';
import { inShort, told, World } from './testing/world.ts';

describe('a definition', () => {
  test('is recorded, then started', async () => {
    const world = new World();
    const request = await world.supervisor.define('web', { spec: {}, needs: [], restart: 'always' });
    assert.equal(world.records.units.get('web')?.desired, 'running');
    assert.equal(world.status('web'), 'starting');
    await world.time.settle();
    assert.deepEqual(await told(request), ['started 101']);
    const { status, pid, startedAt, restartCount, error, nextRestartAt } = world.state('web');
    assert.deepEqual(
      [status, pid, restartCount, error, nextRestartAt],
      ['running', 101, 0, undefined, undefined],
    );
    assert.deepEqual(startedAt, world.time.now());
  });

  test('that is set again does not touch the process', async () => {
    const world = new World();
    await world.put('web', { version: 1 });
    await world.time.pass(5_000);
    assert.deepEqual(await told(await world.put('web', { version: 1 })), ['started 101']);
    assert.deepEqual(world.processes.asked, ['start web']);
  });

  test('that is another one restarts it', async () => {
    const world = new World();
    await world.put('web', { version: 1 });
    assert.deepEqual(await told(await world.put('web', { version: 2 })), [
      'stopping',
      'stopped 143',
      'started 102',
    ]);
    assert.equal(world.processes.of('web')[0]?.behaviour.version, 2);
    assert.equal(world.records.units.get('web')?.record.isOutdated, undefined);
  });

  test('that is another one while it is starting restarts it afterwards', async () => {
    const world = new World();
    const first = await world.put('web', { version: 1, launchMs: 500 });
    const second = await world.put('web', { version: 2 });
    assert.equal(world.status('web'), 'starting');
    await world.time.pass(1_000);
    assert.deepEqual(await told(first), ['started 101']);
    assert.deepEqual(await told(second), ['stopping', 'stopped 143', 'started 102']);
  });

  test('starts a unit that was stopped or has failed', async () => {
    const world = new World();
    await world.put('web');
    await world.stop('web');
    assert.deepEqual(await told(await world.put('web')), ['started 102']);
    await world.put('once', { ends: { afterMs: 0, exitCode: 3 }, restart: 'never' });
    assert.equal(world.status('once'), 'failed');
    await world.put('once');
    assert.equal(world.status('once'), 'running');
  });

  test('that is refused changes nothing', async () => {
    const world = new World();
    await world.put('b', { version: 1 });
    await world.put('a', { needs: ['b'] });
    await world.time.pass(100);
    const refused = async (name: string, needs: string[], code: string, units: string[]) => {
      await assert.rejects(world.put(name, { needs, version: 2 }), (error: SupervisionError) => {
        assert.equal(error.code, code);
        assert.deepEqual(error.units, units);
        return true;
      });
    };
    await refused('b', ['a'], 'cyclic-needs', ['b', 'a', 'b']);
    await assert.rejects(world.put('b', { needs: ['a'] }), /b -> a -> b/);
    await refused('b', ['b'], 'cyclic-needs', ['b', 'b']);
    await refused('b', ['ghost', 'a'], 'unknown-need', ['ghost']);
    await refused('c', ['c'], 'cyclic-needs', ['c', 'c']);
    await assert.rejects(world.put('c', { needs: ['ghost'] }), /"ghost"/);
    assert.equal(world.supervisor.unit('c'), undefined);
    assert.equal(world.supervisor.unit('b')?.definition.spec.version, 1);
    assert.deepEqual(world.processes.asked, ['start b', 'start a']);
  });

  test('two that would be a cycle together: one of them wins', async () => {
    const world = new World();
    await world.put('a');
    await world.put('b');
    const results = await Promise.allSettled([
      world.put('a', { needs: ['b'] }),
      world.put('b', { needs: ['a'] }),
    ]);
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });

  test('may be refused by its owner, who sees all the others as they are then', async () => {
    const world = new World();
    const put = (name: string) =>
      world.supervisor.define(name, { spec: {}, needs: [], port: 80, restart: 'never' }, others => {
        const holder = others.find(({ definition }) => definition.port !== undefined);
        if (holder !== undefined) throw new Error(`${holder.name} has it`);
      });
    const [first, second] = await Promise.allSettled([put('a'), put('b')]);
    assert.equal(first.status, 'fulfilled');
    assert.match(String(second.status === 'rejected' && second.reason), /a has it/);
    await put('a');
    await world.supervisor.remove('a');
    await put('b');
  });

  test('that can not be recorded is not started', async () => {
    const world = new World();
    world.records.beforeWrite = () => {
      throw new Error('the disk is full');
    };
    await assert.rejects(world.put('web'), /disk is full/);
    assert.deepEqual([world.supervisor.unit('web'), world.processes.asked], [undefined, []]);
  });
});

describe('start', () => {
  test('of a running unit only tells of it, and starts its count over', async () => {
    const world = new World();
    await world.put('web');
    await world.crash('web');
    await world.time.pass(1_000);
    assert.equal(world.state('web').restartCount, 1);
    assert.deepEqual(await told(await world.start('web')), ['started 102']);
    assert.equal(world.state('web').restartCount, 0);
    assert.deepEqual(world.processes.asked, ['start web', 'start web']);
  });

  test('and start join', async () => {
    const world = new World();
    await world.put('web', { launchMs: 100 });
    await world.time.pass(100);
    await world.stop('web');
    const [one, two] = await Promise.all([world.supervisor.start('web'), world.supervisor.start('web')]);
    await world.time.pass(1_000);
    assert.deepEqual(await told(one), ['started 102']);
    assert.deepEqual(await told(two), ['started 102']);
  });

  test('during a stop comes after it', async () => {
    const world = new World();
    await world.put('web', { termMs: 300 });
    const stop = await world.stop('web');
    const start = await world.start('web');
    assert.equal(world.status('web'), 'stopping');
    await world.time.pass(1_000);
    assert.deepEqual(await told(stop), ['stopping', 'stopped 143']);
    assert.deepEqual(await told(start), ['started 102']);
  });

  test('of what is not there is refused', async () => {
    const { supervisor } = new World();
    for (const request of [
      supervisor.start('ghost'),
      supervisor.stop('ghost', 0),
      supervisor.restart('ghost', 0),
      supervisor.remove('ghost'),
      supervisor.signal('ghost', 'SIGTERM'),
    ]) {
      await assert.rejects(request, { code: 'unknown-unit', units: ['ghost'] });
    }
  });

  test('whose wish can not be recorded changes nothing', async () => {
    const world = new World();
    await world.put('web');
    await world.stop('web');
    world.records.beforeWrite = () => {
      throw new Error('the disk is full');
    };
    await assert.rejects(world.start('web'), /disk is full/);
    assert.equal(world.status('web'), 'stopped');
    assert.deepEqual(world.processes.asked, ['start web', 'TERM web']);
  });
});

describe('stop', () => {
  test('tells how it ended, and is no failure', async () => {
    const world = new World();
    await world.put('web', { termCode: 7 });
    assert.deepEqual(await told(await world.stop('web')), ['stopping', 'stopped 7']);
    const { status, pid, error } = world.state('web');
    assert.deepEqual([status, pid, error], ['stopped', undefined, undefined]);
    assert.equal(world.records.units.get('web')?.desired, 'stopped');
    await world.time.pass(60_000);
    assert.equal(world.status('web'), 'stopped');
    await assert.rejects(world.stop('web'), { code: 'not-running' });
  });

  test('kills what does not end in time', async () => {
    const world = new World();
    await world.put('web', { ignoresTerm: true });
    const request = await world.stop('web', 1_000);
    await world.time.pass(999);
    assert.equal(world.status('web'), 'stopping');
    assert.equal(world.state('web').pid, 101);
    await world.time.pass(1);
    assert.deepEqual(await told(request), ['stopping', 'killed after 1000', 'stopped 137']);
    assert.deepEqual(world.processes.asked, ['start web', 'TERM web', 'KILL web']);
  });

  test('kills again what is still there', async () => {
    const world = new World();
    await world.put('web', { ignoresTerm: true });
    const { stop } = world.processes;
    let refusals = 2;
    world.processes.stop = async (runId, request) => {
      if (request.hard && refusals-- > 0) throw new Error('no luck');
      return stop.call(world.processes, runId, request);
    };
    const request = await world.stop('web', 1_000);
    await world.time.pass(11_000);
    assert.deepEqual(await told(request), ['stopping', 'killed after 1000', 'stopped 137']);
    assert.equal(world.faults.length, 2);
  });

  test('says so when it was killed by whoever runs it', async () => {
    const world = new World();
    await world.put('web', { termMs: 1_000, termCode: 137 });
    const request = await world.stop('web', 1_000);
    await world.time.pass(1_000);
    assert.deepEqual(await told(request), ['stopping', 'killed after 1000', 'stopped 137']);
  });

  test('and stop join; the shorter patience counts', async () => {
    const world = new World();
    await world.put('web', { ignoresTerm: true });
    const first = await world.stop('web', 60_000);
    const second = await world.stop('web', 2_000);
    const third = await world.stop('web', 90_000);
    await world.time.pass(2_000);
    const events = ['stopping', 'killed after 2000', 'stopped 137'];
    for (const request of [first, second, third]) assert.deepEqual(await told(request), events);
    assert.deepEqual(world.processes.asked, ['start web', 'TERM web', 'KILL web']);
  });

  test('cancels a pending restart, and tells the last exit code', async () => {
    const world = new World();
    await world.put('web');
    await world.crash('web', 3);
    assert.equal(world.status('web'), 'failed');
    assert.deepEqual(await told(await world.stop('web')), ['stopping', 'stopped 3']);
    const { status, error, nextRestartAt } = world.state('web');
    assert.deepEqual([status, error, nextRestartAt], ['stopped', undefined, undefined]);
    await world.time.pass(60_000);
    assert.equal(world.processes.launches.length, 1);
  });

  test('works on what has failed for good, and on what waits for a restart after code 0', async () => {
    const world = new World();
    await world.put('a', { restart: 'never', missing: 'command not found: a' });
    assert.deepEqual(await told(await world.stop('a')), ['stopping', 'stopped -']);
    await world.put('b', { ends: { afterMs: 0, exitCode: 0 } });
    assert.equal(world.status('b'), 'stopped');
    assert.deepEqual(await told(await world.stop('b')), ['stopping', 'stopped 0']);
    await assert.rejects(world.stop('b'), { code: 'not-running' });
  });

  test('cancels a start that waits', async () => {
    const world = new World();
    await world.put('db', { port: 5432 });
    await world.put('app', { needs: ['db'] });
    assert.equal(world.status('app'), 'starting');
    const start = await world.start('app');
    const stop = await world.stop('app');
    assert.deepEqual(await told(start), ['error: it was stopped before it had started']);
    assert.deepEqual(await told(stop), ['stopping', 'stopped -']);
    assert.deepEqual([world.status('app'), world.status('db')], ['stopped', 'running']);
    await world.time.pass(60_000);
    assert.deepEqual(world.processes.asked, ['start db']);
  });

  test('cancels a launch that is under way', async () => {
    const world = new World();
    const start = await world.put('web', { launchMs: 500 });
    const stop = await world.stop('web');
    await world.time.pass(10_000);
    assert.deepEqual(await told(start), ['error: it was stopped before it had started']);
    assert.deepEqual(await told(stop), ['stopping', 'stopped 143']);
    assert.equal(world.processes.live.size, 0);
  });

  test('wins over starts and restarts that came before it', async () => {
    const world = new World();
    await world.put('web', { termMs: 300 });
    const restart = await world.restart('web');
    const start = await world.start('web');
    const stop = await world.stop('web');
    await world.time.pass(5_000);
    const cancelled = 'error: it was stopped before it had started';
    assert.deepEqual(await told(restart), ['stopping', 'stopped 143', cancelled]);
    assert.deepEqual(await told(start), [cancelled]);
    assert.deepEqual(await told(stop), ['stopping', 'stopped 143']);
    assert.equal(world.status('web'), 'stopped');
    assert.equal(world.processes.launches.length, 1);
  });

  test('of one that crashes at the same moment ends as stopped', async () => {
    const world = new World();
    await world.put('web');
    world.processes.crash('web', 1);
    const request = await world.supervisor.stop('web', 1_000);
    await world.time.pass(60_000);
    assert.deepEqual(await told(request), ['stopping', 'stopped 1']);
    assert.equal(world.status('web'), 'stopped');
  });
});

describe('restart', () => {
  test('stops, then starts, and starts the count over', async () => {
    const world = new World();
    await world.put('web');
    await world.crash('web');
    await world.time.pass(1_000);
    assert.equal(world.state('web').restartCount, 1);
    assert.deepEqual(await told(await world.restart('web')), ['stopping', 'stopped 143', 'started 103']);
    assert.deepEqual([world.state('web').restartCount, world.state('web').pid], [0, 103]);
  });

  test('of one that does not run is a start', async () => {
    const world = new World();
    await world.put('web');
    await world.stop('web');
    assert.deepEqual(await told(await world.restart('web')), ['started 102']);
    await world.crash('web');
    assert.deepEqual(await told(await world.restart('web')), ['started 103']);
  });

  test('kills what does not end in time', async () => {
    const world = new World();
    await world.put('web', { ignoresTerm: true });
    const request = await world.restart('web', 100);
    await world.time.pass(100);
    assert.deepEqual(await told(request), ['stopping', 'killed after 100', 'stopped 137', 'started 102']);
  });

  test('and restart are two', async () => {
    const world = new World();
    await world.put('web', { termMs: 10 });
    const first = await world.restart('web');
    const second = await world.restart('web');
    await world.time.pass(1_000);
    assert.deepEqual(await told(first), ['stopping', 'stopped 143', 'started 102']);
    assert.deepEqual(await told(second), ['stopping', 'stopped 143', 'started 103']);
  });
});

describe('remove', () => {
  test('stops it first, and forgets it', async () => {
    const world = new World();
    await world.put('web', { ignoresTerm: true });
    const removed = world.supervisor.remove('web');
    await world.time.pass(9_999);
    assert.equal(world.status('web'), 'stopping');
    await assert.rejects(world.supervisor.start('web'), { code: 'unknown-unit' });
    await world.time.pass(1);
    await removed;
    assert.deepEqual(
      [world.supervisor.units(), world.records.units.size, world.processes.live.size],
      [[], 0, 0],
    );
  });

  test('is refused while others name it', async () => {
    const world = new World();
    await world.put('db');
    await world.put('b', { needs: ['db'] });
    await world.put('a', { needs: ['db'] });
    await assert.rejects(world.supervisor.remove('db'), {
      code: 'in-use',
      units: ['a', 'b'],
      message: /"a", "b"/,
    });
    await Promise.all([
      world.supervisor.remove('a'),
      world.supervisor.remove('a'),
      world.supervisor.remove('b'),
    ]);
    await world.supervisor.remove('db');
    assert.deepEqual(world.supervisor.units(), []);
  });

  test('comes before a definition of the same name, which then is a new unit', async () => {
    const world = new World();
    await world.put('web', { termMs: 500 });
    const removed = world.supervisor.remove('web');
    await world.time.settle();
    const put = world.supervisor.define('web', { spec: { version: 2 }, needs: [], restart: 'never' });
    await assert.rejects(world.put('app', { needs: ['web'] }), { code: 'unknown-need' });
    await world.time.pass(1_000);
    await removed;
    assert.deepEqual(await told(await put), ['started 102']);
    assert.equal(world.records.units.get('web')?.definition.spec.version, 2);
  });

  test('of one that has ended, failed or waits', async () => {
    const world = new World();
    await world.put('a');
    await world.crash('a');
    await world.put('b', { missing: 'command not found: b' });
    await world.put('db', { port: 1 });
    const start = await world.put('c', { needs: ['db'] });
    for (const name of ['a', 'b', 'c']) await world.supervisor.remove(name);
    assert.deepEqual(await told(start), ['error: it was removed']);
    await world.time.pass(60_000);
    assert.deepEqual(world.processes.asked, ['start a', 'start b', 'start db']);
  });

  test('that can not be recorded leaves it stopped, and can be tried again', async () => {
    const world = new World();
    await world.put('web');
    world.records.beforeWrite = () => {
      throw new Error('the disk is full');
    };
    await assert.rejects(world.supervisor.remove('web'), /fault_test/);
    assert.equal(world.status('web'), 'stopped');
    world.records.beforeWrite = () => {};
    await world.supervisor.remove('web');
    assert.equal(world.records.units.size, 0);
  });
});

describe('a signal', () => {
  test('goes to what runs, and its end by it is a crash', async () => {
    const world = new World();
    await world.put('web');
    await world.supervisor.signal('web', 'SIGKILL');
    await world.time.settle();
    assert.equal(world.state('web').error, 'killed by SIGKILL');
    await assert.rejects(world.supervisor.signal('web', 'SIGKILL'), { code: 'not-running' });
    await world.time.pass(1_000);
    const { status, pid, restartCount } = world.state('web');
    assert.deepEqual([status, pid, restartCount], ['running', 102, 1]);
  });
});

describe('a subscriber', () => {
  test('gets the moments from its beginning on, and the end of each process', async () => {
    const world = new World();
    await world.put('web');
    const stop = new AbortController();
    const seen: string[] = [];
    const reader = (async () => {
      for await (const event of world.supervisor.subscribe('web', stop.signal)) {
        seen.push(event.type === 'exit' ? `exit ${event.exitCode}` : inShort(event));
      }
    })();
    await world.crash('web', 4);
    await world.time.pass(1_000);
    await world.restart('web');
    assert.deepEqual(seen, ['exit 4', 'started 102', 'stopping', 'exit 143', 'stopped 143', 'started 103']);
    stop.abort();
    await reader;
    await world.restart('web');
    assert.equal(seen.length, 6);
  });

  test('of a start learns when its process has ended', async () => {
    const world = new World();
    const request = await world.put('web');
    const [started] = await Array.fromAsync(request.events());
    assert.ok(started?.type === 'started' && started.isNew);
    await world.crash('web', 9);
    assert.equal((await started.run.ended).exitCode, 9);
    assert.equal(world.records.units.get('web')?.record.exitCode, 9);
  });

  test('that goes away changes nothing', async () => {
    const world = new World();
    await world.put('web', { ignoresTerm: true });
    const request = await world.stop('web', 1_000);
    const seen: string[] = [];
    const gone = AbortSignal.timeout(1);
    for await (const event of request.events(gone)) seen.push(event.type);
    assert.deepEqual(seen, ['stopping']);
    await world.time.pass(1_000);
    assert.equal(world.status('web'), 'stopped');
  });

  test('of changes is called after each', async () => {
    const world = new World();
    const seen: string[] = [];
    const end = world.supervisor.onChange(name => {
      const status = `${name} ${world.status(name)}`;
      if (seen.at(-1) !== status) seen.push(status);
    });
    await world.put('web');
    await world.stop('web');
    end();
    await world.start('web');
    assert.deepEqual(seen, ['web stopped', 'web starting', 'web running', 'web stopping', 'web stopped']);
  });
});
