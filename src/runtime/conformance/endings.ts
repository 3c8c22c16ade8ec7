import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accepts, gentle, leavesChildBehind, stubborn } from './programs.ts';
import { eventually, node, sharedWorld } from './world.ts';

const soft = { hard: false, signal: 'SIGTERM', timeoutMs: 10_000 } as const;

export function endingPromises(subject: URL): void {
  describe('a workload that ends', () => {
    const world = sharedWorld(subject);

    for (const code of [0, 3]) {
      test(`by itself with code ${code} is reported so`, async () => {
        const startedAt = Date.now();
        const { id } = await world().run({ command: node(`process.exit(${code})`) });
        const exit = await world().exit(id);
        assert.deepEqual(exit, {
          type: 'exit',
          id,
          exitCode: code,
          exitedAt: exit.exitedAt,
          outOfMemory: false,
        });
        // A file system keeps time by ticks that may lie a little back.
        assert.ok(exit.exitedAt.getTime() >= startedAt - 20 && exit.exitedAt.getTime() <= Date.now());
      });
    }

    test('softly ends in its own way', async () => {
      const { id } = await world().runUntilUp(gentle);
      assert.equal(await world().runtime.stop(id, soft), true);
      assert.equal((await world().exit(id)).exitCode, 7);
    });

    test('softly without minding the signal has its code', async () => {
      const { id } = await world().run({ command: ['sleep', '1000'] });
      await world().runtime.stop(id, soft);
      assert.equal((await world().exit(id)).exitCode, 128 + 15);
    });

    test('softly but does not want to is killed after the time-out', async () => {
      const { id } = await world().runUntilUp(stubborn);
      const stoppedAt = performance.now();
      await world().runtime.stop(id, { ...soft, timeoutMs: 300 });
      assert.equal((await world().exit(id)).exitCode, 128 + 9);
      assert.ok(performance.now() - stoppedAt >= 290);
      assert.ok((await world().lines(id)).includes('no'), 'it was asked first');
    });

    test('hard ends at once', async () => {
      const { id } = await world().runUntilUp(stubborn);
      assert.equal(await world().runtime.stop(id, { hard: true }), true);
      assert.equal((await world().exit(id)).exitCode, 128 + 9);
    });

    test('hard ends at once although it was asked softly before', async () => {
      const { id } = await world().runUntilUp(stubborn);
      await world().runtime.stop(id, soft);
      assert.equal(await world().runtime.stop(id, { hard: true }), true);
      assert.equal((await world().exit(id)).exitCode, 128 + 9);
    });

    test('can be stopped again, which does nothing', async () => {
      const { id } = await world().runUntilUp(gentle);
      await Promise.all([world().runtime.stop(id, { hard: true }), world().runtime.stop(id, { hard: true })]);
      await world().exit(id);
      assert.equal(await world().runtime.stop(id, soft), false);
      assert.equal(await world().runtime.stop(id, { hard: true }), false);
      assert.equal(await world().runtime.stop('unknown', { hard: true }), false);
    });

    for (const [how, env] of Object.entries({ 'by itself': {}, hard: { STAY: 'yes' } })) {
      test(`${how} takes the processes along that it has started`, async () => {
        const { id, address } = await world().run({ command: node(leavesChildBehind), env });
        if (how === 'hard') {
          await eventually('the child to be up', async () => (await world().lines(id)).includes('up'));
          await world().runtime.stop(id, { hard: true });
        }
        await world().exit(id);
        assert.deepEqual(await world().lines(id), ['up']);
        assert.equal(await accepts(address), false);
      });
    }
  });
}
