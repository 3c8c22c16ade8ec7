import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isPausable, type Pausable, type Runtime } from '../runtime.ts';
import { ticking } from './programs.ts';
import { eventually, isRuntimeError, node, sharedWorld } from './world.ts';

/** Longer than a program that ticks takes for several lines. */
const stillMs = 200;

export function pausePromises(subject: URL): void {
  describe('a workload that is paused', () => {
    const world = sharedWorld(subject);
    let runtime: Runtime & Pausable;
    before(() => {
      if (!isPausable(world().runtime)) throw new Error('the runtime can not pause');
      runtime = world().runtime as Runtime & Pausable;
    });
    const tick = async (): Promise<string> => {
      const { id } = await world().run({ command: node(ticking) });
      await eventually('some lines', async () => (await world().lines(id)).length > 5);
      return id;
    };
    const stands = async (id: string): Promise<boolean> => {
      await delay(50); // what was on its way into the log
      const before = (await world().lines(id)).length;
      await delay(stillMs);
      return (await world().lines(id)).length === before;
    };

    test('does nothing, and goes on where it was', async () => {
      const id = await tick();
      await runtime.pause(id);
      await runtime.pause(id);
      assert.equal(await stands(id), true);
      assert.ok((await runtime.stats(id)).memoryBytes > 0);
      const before = (await world().lines(id)).length;
      await runtime.resume(id);
      await runtime.resume(id);
      await eventually('more lines', async () => (await world().lines(id)).length > before + 5);
      const lines = await world().lines(id);
      assert.deepEqual(lines, [...lines.keys()].map(String));
    });

    test('is paused with all that it has started', async () => {
      const { id } = await world().run({
        command: ['sh', '-c', 'while :; do sleep 0.02; echo x; done & wait'],
      });
      await eventually('some lines', async () => (await world().lines(id)).length > 2);
      await runtime.pause(id);
      assert.equal(await stands(id), true);
    });

    test('can be stopped softly', async () => {
      const script =
        "process.on('SIGTERM', () => process.exit(5)); setInterval(() => {}, 1000); console.log('up')";
      const { id } = await world().runUntilUp(script);
      await runtime.pause(id);
      assert.equal(await runtime.stop(id, { hard: false, signal: 'SIGTERM', timeoutMs: 10_000 }), true);
      assert.equal((await world().exit(id)).exitCode, 5);
    });

    test('can be killed, and removed', async () => {
      const [killed, removed] = [await tick(), await tick()];
      for (const id of [killed, removed]) await runtime.pause(id);
      await runtime.stop(killed, { hard: true });
      assert.equal((await world().exit(killed)).exitCode, 137);
      await runtime.remove(removed);
      await assert.rejects(runtime.stats(removed), isRuntimeError('not-found'));
    });

    test('is killed when it does not end in time', async () => {
      const script = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')";
      const { id } = await world().runUntilUp(script);
      await runtime.pause(id);
      await runtime.stop(id, { hard: false, signal: 'SIGTERM', timeoutMs: 100 });
      assert.equal((await world().exit(id)).exitCode, 137);
    });

    test('runs no further process until it goes on', async () => {
      const id = await tick();
      await runtime.pause(id);
      await assert.rejects(runtime.exec(id, { command: ['true'] }), isRuntimeError('conflict'));
      await runtime.resume(id);
      const session = await runtime.exec(id, { command: ['true'] });
      for (const stream of [session.stdout, session.stderr]) stream.resume();
      assert.deepEqual(await session.exited, { exitCode: 0 });
    });

    test('must run', async () => {
      const { id } = await world().run({ command: ['true'] });
      await world().exit(id);
      const created = await world().create({ command: ['true'] });
      for (const other of [id, created.id, 'unknown']) {
        await assert.rejects(runtime.pause(other), isRuntimeError('not-found'));
      }
    });
  });
}
