import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  type DurableExec,
  type DurableProcessSpec,
  hasDurableExec,
  type ProcessExitEvent,
  type Runtime,
  type RuntimeError,
} from '../runtime.ts';
import { gentle } from './programs.ts';
import { eventually, isOver, isRuntimeError, node, sharedWorld, type World } from './world.ts';

const soft = { hard: false, signal: 'SIGTERM', timeoutMs: 10_000 } as const;

export function durablePromises(subject: URL): void {
  describe('a durable process', () => {
    const world = sharedWorld(subject);
    let id = '';
    let made = 0;
    before(async () => {
      ({ id } = await world().runUntilUp(gentle, { env: { COLOR: 'green' } }));
    });

    const runtime = () => durable(world());
    const start = async (command: readonly string[], more: Partial<DurableProcessSpec> = {}) => {
      const spec = { id: `p${++made}`, logId: `${id}-p${made}`, command, ...more };
      return { ...spec, ...(await runtime().startProcess(id, spec)) };
    };
    const find = async (processId: string) =>
      (await runtime().processes(id)).find(one => one.id === processId);
    const exit = (processId: string) => exitOf(world(), id, processId);

    test('writes both of its outputs to its log, and tells its end when that is complete', async () => {
      const script = 'echo "out $COLOR $SIZE"; echo err >&2; cat; printf "the end"; exit 5';
      const startedAt = Date.now();
      const { id: processId, logId } = await start(['sh', '-c', script], { env: { SIZE: 'small' } });
      const end = await exit(processId);
      assert.deepEqual(end, {
        type: 'process-exit',
        workloadId: id,
        processId,
        exitCode: 5,
        exitedAt: end.exitedAt,
      });
      assert.ok(end.exitedAt.getTime() >= startedAt - 20 && end.exitedAt.getTime() <= Date.now());
      assert.deepEqual(await world().lines(logId), ['out green small', 'the end']);
      assert.deepEqual(await world().lines(logId, 'stderr'), ['err']);
      const found = await find(processId);
      assert.ok(found?.state === 'exited');
      assert.deepEqual([found.exitCode, found.exitedAt, found.logId], [5, end.exitedAt, logId]);
      await runtime().forgetProcess(id, processId);
      await runtime().forgetProcess(id, processId);
      assert.equal(await find(processId), undefined);
      assert.deepEqual(await world().lines(logId), ['out green small', 'the end']);
    });

    test('tells its number as it is seen inside', async () => {
      const one = await start(['sh', '-c', 'echo $$; exec sleep 1000']);
      const found = await find(one.id);
      assert.ok(found?.state === 'running');
      assert.equal(found.pid, one.pid);
      await eventually('its output', async () => (await world().lines(one.logId)).length > 0);
      assert.deepEqual(await world().lines(one.logId), [String(one.pid)]);
      await runtime().stopProcess(id, one.id, { hard: true });
      assert.equal((await exit(one.id)).exitCode, 137);
    });

    test('may have an environment and a directory of its own', async () => {
      const env = { PATH: '/usr/bin:/bin', OWN: 'value' };
      const command = ['sh', '-c', 'echo "$OWN $COLOR $(pwd)"'];
      const one = await start(command, { env, replaceEnv: true, workingDirectory: '/usr' });
      await exit(one.id);
      assert.deepEqual(await world().lines(one.logId), ['value  /usr']);
    });

    const failures: readonly (Partial<DurableProcessSpec> & { reason: RuntimeError['reason'] })[] = [
      { command: ['no-such-program'], reason: 'not-found' },
      { command: ['/etc/passwd'], reason: 'not-executable' },
      { workingDirectory: '/no/such/directory', reason: 'bad-directory' },
    ];
    for (const { reason, ...spec } of failures) {
      test(`that can't be started says so (${reason}), and leaves nothing`, async () => {
        const started = start(['true'], spec);
        await assert.rejects(started, (error: RuntimeError) => {
          return error.code === 'start-error' && error.reason === reason;
        });
        assert.equal(await find(`p${made}`), undefined);
        const again = { id: `p${made}`, logId: `${id}-p${made}`, command: ['true'] };
        await runtime().startProcess(id, again);
        assert.equal((await exit(again.id)).exitCode, 0);
      });
    }

    test('has an id and a log that no other has', async () => {
      const one = await start(['sleep', '1000']);
      await assert.rejects(start(['true'], { id: one.id }), isRuntimeError('conflict'));
      await assert.rejects(start(['true'], { logId: one.logId }), isRuntimeError('conflict'));
      await assert.rejects(start(['true'], { logId: id }), isRuntimeError('conflict'));
      await assert.rejects(start(['true'], { id: '../up' }), isRuntimeError('start-error'));
      await assert.rejects(start(['true'], { logId: '../up' }), isRuntimeError('start-error'));
      await assert.rejects(runtime().forgetProcess(id, one.id), isRuntimeError('conflict'));
      await runtime().stopProcess(id, one.id, { hard: true });
      await exit(one.id);
      const next = await start(['echo', 'next'], { logId: one.logId });
      await exit(next.id);
      assert.deepEqual(await world().lines(one.logId), ['next']);
    });

    test('needs a workload that runs', async () => {
      const spec = { id: 'p', logId: 'unknown-p', command: ['true'] };
      await assert.rejects(runtime().startProcess('unknown', spec), isRuntimeError('not-found'));
      assert.equal(await runtime().stopProcess('unknown', 'p', soft), false);
      assert.equal(await runtime().stopProcess(id, 'unknown', soft), false);
      assert.equal(await runtime().signalProcess(id, 'unknown', 'SIGTERM'), false);
      assert.deepEqual(await runtime().processes('unknown'), []);
    });

    test('is stopped with its children, softly, and says how it ended', async () => {
      const script = `
        process.on('SIGTERM', () => {});
        const child = require('child_process').spawn('sleep', ['1000']);
        child.on('spawn', () => console.log('up'));
        child.on('exit', (_, signal) => { console.log(signal); process.exitCode = 4; });
      `;
      const one = await start(node(script));
      await eventually('its start', async () => (await world().lines(one.logId)).includes('up'));
      assert.equal(await runtime().stopProcess(id, one.id, soft), true);
      assert.equal((await exit(one.id)).exitCode, 4);
      assert.deepEqual(await world().lines(one.logId), ['up', 'SIGTERM']);
      assert.equal(await runtime().stopProcess(id, one.id, soft), false);
    });

    test('is killed after the time-out, with children in sessions of their own', async () => {
      const script = `
        process.on('SIGTERM', () => console.log('no'));
        const child = require('child_process').spawn('sleep', ['1000'], { detached: true, stdio: 'inherit' });
        console.log(child.pid);
      `;
      const one = await start(node(script));
      const child = await firstLine(world(), one.logId);
      assert.equal(await runtime().stopProcess(id, one.id, { ...soft, timeoutMs: 300 }), true);
      assert.equal((await exit(one.id)).exitCode, 137);
      assert.ok(await isOver(world(), id, child));
      assert.ok((await world().lines(one.logId)).includes('no'), 'it was asked first');
    });

    for (const output of ['inherit', 'ignore']) {
      test(`takes along what it has left behind when it ends (output: ${output})`, async () => {
        const script = `
          const options = { detached: true, stdio: '${output}' };
          const child = require('child_process').spawn('sleep', ['1000'], options);
          console.log(child.pid);
          process.exit(3);
        `;
        const one = await start(node(script));
        assert.equal((await exit(one.id)).exitCode, 3);
        assert.ok(await isOver(world(), id, await firstLine(world(), one.logId)));
      });
    }

    test('may end at once, many at a time', async () => {
      const all = await Promise.all(
        Array.from({ length: 12 }, (_, i) => start(['sh', '-c', `sleep 1000 & echo ${i}; exit ${i}`])),
      );
      for (const [i, one] of all.entries()) {
        assert.equal((await exit(one.id)).exitCode, i);
        assert.deepEqual(await world().lines(one.logId), [String(i)]);
      }
    });

    test('alone gets a signal that is for it', async () => {
      const script = `
        process.on('SIGHUP', () => { console.log('hup'); child.kill(); });
        const child = require('child_process').spawn('sleep', ['1000']);
        child.on('spawn', () => console.log('up'));
        child.on('exit', (_, signal) => { console.log(signal); process.exit(0); });
      `;
      const one = await start(node(script));
      await eventually('its start', async () => (await world().lines(one.logId)).includes('up'));
      assert.equal(await runtime().signalProcess(id, one.id, 'SIGHUP'), true);
      assert.equal((await exit(one.id)).exitCode, 0);
      assert.deepEqual(await world().lines(one.logId), ['up', 'hup', 'SIGTERM']);
      const other = await start(['sleep', '1000']);
      assert.equal(await runtime().signalProcess(id, other.id, 9), true);
      assert.equal((await exit(other.id)).exitCode, 137);
    });

    test('ends with its workload, and that is told first', async () => {
      const workload = await world().runUntilUp(gentle);
      const spec = { id: 'p', logId: `${workload.id}-p`, command: ['sleep', '1000'] };
      await runtime().startProcess(workload.id, spec);
      await world().runtime.stop(workload.id, { hard: true });
      await world().exit(workload.id);
      const told = world().processExits.find(one => one.workloadId === workload.id);
      assert.equal(told?.exitCode, 137);
      const [found] = await runtime().processes(workload.id);
      assert.equal(found?.state, 'exited');
      await world().runtime.remove(workload.id);
      assert.deepEqual(await runtime().processes(workload.id), []);
    });
  });
}

export function durable(world: World): Runtime & DurableExec {
  if (!hasDurableExec(world.runtime)) throw new Error('the runtime has no durable processes');
  return world.runtime;
}

export function exitOf(world: World, workloadId: string, processId: string): Promise<ProcessExitEvent> {
  return eventually(`the end of ${processId}`, () =>
    world.processExits.find(exit => exit.workloadId === workloadId && exit.processId === processId),
  );
}

function firstLine(world: World, logId: string): Promise<string> {
  return eventually('its first line', async () => (await world.lines(logId))[0]);
}
