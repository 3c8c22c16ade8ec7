import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { FileLogs } from '../../logs/index.ts';
import { reopensLogs } from '../runtime.ts';
import { cannotRun, eventually, TestWorld } from './test-world.ts';

const counting = `
  let number = 0;
  setInterval(() => { for (let i = 0; i < 20; i++) console.log(String(number++)); }, 1);
`;

describe('the log of an oci workload', { skip: cannotRun, timeout: 120_000 }, () => {
  test('of a durable process can be rotated, too', async () => {
    await using world = await TestWorld.make();
    const { runtime } = world;
    const logs = new FileLogs({ root: join(world.dataDir, 'logs'), limits: { segmentBytes: 1 } });
    await world.run({ id: 'one', idle: true });
    await runtime.startProcess('one', { id: 'p', logId: 'one-p', command: ['node', '-e', counting] });
    for (let rotations = 1; rotations <= 5; rotations++) {
      await eventually(
        'some lines',
        async () => (await world.lines('one-p')).length > rotations * 100 || undefined,
      );
      await logs.rotate('one-p', () => runtime.reopenLog('one-p'));
    }
    await runtime.stopProcess('one', 'p', { hard: true });
    await eventually('its end', async () => !(await runtime.reopenLog('one-p')) || undefined);
    const lines = await world.lines('one-p');
    assert.deepEqual(
      lines,
      lines.map((_, index) => String(index)),
    );
  });

  test('can be rotated while it is written, without a line lost or doubled', async () => {
    await using world = await TestWorld.make();
    const { runtime } = world;
    assert.ok(reopensLogs(runtime));
    const logs = new FileLogs({ root: join(world.dataDir, 'logs'), limits: { segmentBytes: 1 } });
    await world.run({ id: 'one', command: ['node', '-e', counting] });
    for (let rotations = 1; rotations <= 10; rotations++) {
      await eventually(
        'some lines',
        async () => (await world.lines('one')).length > rotations * 100 || undefined,
      );
      await logs.rotate('one', () => runtime.reopenLog('one'));
    }
    await runtime.stop('one', { hard: true });
    await world.exit('one');
    const lines = await world.lines('one');
    assert.deepEqual(
      lines,
      lines.map((_, index) => String(index)),
    );
    await runtime.reopenLog('one'); // nobody writes it any more, which is no error
    await runtime.reopenLog('unknown');
  });
});
