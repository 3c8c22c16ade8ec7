import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BatchWriter } from './batch-writer.ts';
import type { OutputBatch } from './joined-output.ts';

const batch = (cursor: number, bytes = 10): OutputBatch => {
  const output = [
    { stream: 'stdout', atMs: 0, text: String(cursor), endsLine: true, continues: false },
  ] as const;
  return { output, bytes, cursor, held: [] };
};

/** A writer whose writes end when the test says so. */
function slowWriter(maxGatheredBytes: number) {
  const written: string[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  const writer = new BatchWriter(({ output, cursor }) => {
    written.push(`${output.map(({ text }) => text).join(' ')} up to ${cursor}`);
    const end = Promise.withResolvers<void>();
    ends.push(end);
    return end.promise;
  }, maxGatheredBytes);
  return { writer, written, ends };
}

describe('the writer of batches', () => {
  test('writes together what comes during a write', async () => {
    const { writer, written, ends } = slowWriter(100);
    for (const cursor of [1, 2, 3]) await writer.add(batch(cursor));
    assert.deepEqual(written, ['1 up to 1']);
    ends[0]?.resolve();
    const finished = writer.finish();
    await Promise.resolve();
    await Promise.resolve();
    ends[1]?.resolve();
    await finished;
    assert.deepEqual(written, ['1 up to 1', '2 3 up to 3']);
  });

  test('lets wait what would be too much at a time', async () => {
    const { writer, written, ends } = slowWriter(25);
    for (const cursor of [1, 2, 3]) await writer.add(batch(cursor));
    let isAdded = false;
    const added = writer.add(batch(4)).then(() => {
      isAdded = true;
    });
    await new Promise(setImmediate);
    assert.equal(isAdded, false);
    for (const index of [0, 1, 2]) {
      ends[index]?.resolve();
      await new Promise(setImmediate);
    }
    await added;
    await writer.finish();
    assert.deepEqual(written, ['1 up to 1', '2 3 up to 3', '4 up to 4']);
  });

  test('tells a failure, and writes nothing after it', async () => {
    const { writer, written, ends } = slowWriter(100);
    await writer.add(batch(1));
    await writer.add(batch(2));
    ends[0]?.reject(new Error('the disk is full'));
    await assert.rejects(writer.finish(), /disk is full/);
    assert.equal(writer.failed.aborted, true);
    await assert.rejects(writer.add(batch(3)), /disk is full/);
    assert.deepEqual(written, ['1 up to 1']);
  });
});
