import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { hasPersistentRoots, type PersistentRoots, type Runtime } from '../runtime.ts';
import { gentle } from './programs.ts';
import { isRuntimeError, node, outputOf, sharedWorld } from './world.ts';

const account = { name: 'sprite', uid: 1_000, gid: 1_000, home: '/home/sprite' } as const;

export function rootPromises(subject: URL): void {
  describe('a workload that is idle', () => {
    const world = sharedWorld(subject);

    test('runs what comes through exec, and ends when it is told to', async () => {
      const { id } = await world().run({ idle: true });
      assert.equal(await outputOf(world(), id, ['echo', 'hello']), 'hello\n');
      assert.equal(world().exits.has(id), false);
      await world().runtime.stop(id, { hard: false, signal: 'SIGTERM', timeoutMs: 10_000 });
      await world().exit(id);
    });
  });

  describe('a persistent root', () => {
    const world = sharedWorld(subject);
    let runtime: Runtime & PersistentRoots;
    before(() => {
      if (!hasPersistentRoots(world().runtime)) throw new Error('the runtime has no roots');
      runtime = world().runtime as Runtime & PersistentRoots;
    });

    test('keeps what was written, from workload to workload', async () => {
      const plan = { root: 'kept', idle: true, account } as const;
      const first = await world().run(plan);
      await outputOf(world(), first.id, ['sh', '-c', 'echo one >"$HOME/file"']);
      await runtime.remove(first.id);
      const second = await world().run(plan);
      assert.equal(
        await outputOf(world(), second.id, ['sh', '-c', 'cat "$HOME/file"; rm "$HOME/file"']),
        'one\n',
      );
      await runtime.stop(second.id, { hard: true });
      await world().exit(second.id);
      const third = await world().run(plan); // the second has ended, but is not removed
      assert.equal(await outputOf(world(), third.id, ['sh', '-c', 'ls "$HOME"']), '');
    });

    test('is where programs run', async () => {
      const { id } = await world().run({ root: 'home', idle: true, account });
      const script =
        "require('fs').writeFileSync('here', ''); console.log(process.cwd() === process.env.HOME)";
      assert.equal(await outputOf(world(), id, node(script)), 'true\n');
      assert.equal(await outputOf(world(), id, ['sh', '-c', 'ls "$HOME"']), 'here\n');
    });

    test('belongs to one workload at a time', async () => {
      const { id } = await world().runUntilUp(gentle, { root: 'single' });
      await assert.rejects(world().create({ root: 'single', idle: true }), isRuntimeError('conflict'));
      await assert.rejects(runtime.removeRoot('single'), isRuntimeError('conflict'));
      await runtime.remove(id);
      const both = [1, 2].map(() => world().create({ root: 'single', idle: true }));
      const states = (await Promise.allSettled(both)).map(({ status }) => status);
      assert.deepEqual(states.toSorted(), ['fulfilled', 'rejected']);
    });

    test('is listed until it is removed', async () => {
      for (const _ of [1, 2]) await runtime.createRoot('listed');
      assert.ok((await runtime.listRoots()).includes('listed'));
      for (const _ of [1, 2]) await runtime.removeRoot('listed');
      assert.ok(!(await runtime.listRoots()).includes('listed'));
    });

    test('has a name that can be a folder', async () => {
      for (const name of ['..', 'a/b', '', 'A', '.trash']) {
        await assert.rejects(runtime.createRoot(name), isRuntimeError('start-error'), name);
        await assert.rejects(runtime.removeRoot(name), isRuntimeError('start-error'), name);
      }
    });
  });
}
