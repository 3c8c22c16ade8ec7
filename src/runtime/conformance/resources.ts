import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gentle } from './programs.ts';
import { isRuntimeError, node, sharedWorld } from './world.ts';

const mebibyte = 1024 * 1024;

export function resourcePromises(subject: URL, { limitsMemory }: { limitsMemory: boolean }): void {
  describe('the resources of a workload', () => {
    const world = sharedWorld(subject);

    test('are told', { skip: process.platform !== 'linux' }, async () => {
      const busy = `const end = Date.now() + 300; while (Date.now() < end); ${gentle}`;
      const { id } = await world().runUntilUp(busy);
      const stats = await world().runtime.stats(id);
      assert.ok(stats.cpuNs > 100e6 && stats.cpuNs < 60e9, `${stats.cpuNs} ns of CPU time`);
      assert.ok(
        stats.memoryBytes > 5 * mebibyte && stats.memoryBytes < 500 * mebibyte,
        `${stats.memoryBytes} bytes`,
      );
      assert.ok((await world().runtime.stats(id)).cpuNs >= stats.cpuNs);
      await assert.rejects(world().runtime.stats('unknown'), isRuntimeError('not-found'));
    });

    test('are limited as the runtime says of itself', () => {
      assert.equal(world().runtime.capabilities().limits.includes('memoryBytes'), limitsMemory);
    });

    if (!limitsMemory) return;
    test('include memory: what takes more than its limit is killed, and that is told', async () => {
      const greedy = 'const all = []; setInterval(() => all.push(Buffer.alloc(8 * 1024 * 1024, 1)), 1)';
      const { id } = await world().run({ command: node(greedy), limits: { memoryBytes: 96 * mebibyte } });
      const exit = await world().exit(id);
      assert.equal(exit.outOfMemory, true);
      assert.equal(exit.exitCode, 128 + 9);
    });
  });
}
