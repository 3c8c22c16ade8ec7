import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { node, sharedWorld } from './world.ts';

export function outputPromises(subject: URL): void {
  describe('the log of a workload', () => {
    const world = sharedWorld(subject);

    test('has every line of both streams, in order, when its exit is told', async () => {
      const script = `
        for (let i = 0; i < 10000; i++) {
          process.stdout.write('out ' + i + '\\n');
          process.stderr.write('err ' + i + '\\n');
        }
      `;
      const { id } = await world().run({ command: node(script) });
      await world().exit(id);
      const numbered = (word: string) => Array.from({ length: 10_000 }, (_, i) => `${word} ${i}`);
      assert.deepEqual(await world().lines(id, 'stdout'), numbered('out'));
      assert.deepEqual(await world().lines(id, 'stderr'), numbered('err'));
    });

    test('has long lines, characters of several bytes, and a last line that was not finished', async () => {
      const script = "process.stdout.write('✓'.repeat(100000) + '\\r\\n\\nthe end')";
      const { id } = await world().run({ command: node(script) });
      await world().exit(id);
      const lines = await world().lines(id);
      assert.equal(lines.slice(0, -2).join(''), '✓'.repeat(100_000));
      assert.deepEqual(lines.slice(-2), ['', 'the end']);
    });

    test('has what a killed workload wrote last', async () => {
      const script = `
        console.log('last words');
        process.stdout.write('un');
        process.stdout.write('finished\\nup\\n');
        setInterval(() => {}, 1000);
      `;
      const { id } = await world().runUntilUp(script);
      await world().runtime.stop(id, { hard: true });
      await world().exit(id);
      assert.deepEqual(await world().lines(id), ['last words', 'unfinished', 'up']);
    });
  });
}
