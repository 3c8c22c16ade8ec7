import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkRange, requestedRange } from './ranges.ts';

test('a range of bytes is within what is there', () => {
  for (const [header, start, end] of [
    ['bytes=0-9', 0, 9],
    ['bytes=5-', 5, 99],
    ['bytes=-5', 95, 99],
    ['bytes=-500', 0, 99],
    ['bytes=90-500', 90, 99],
  ] as const) {
    assert.deepEqual(requestedRange(header, 100), { start, end }, header);
  }
  for (const header of [
    undefined,
    '',
    'bytes=',
    'bytes=-',
    'bytes=9-5',
    'bytes=1-2,4-5',
    'bytes=a-b',
    'items=1-2',
  ]) {
    assert.equal(requestedRange(header, 100), undefined, header);
  }
  for (const header of ['bytes=100-', 'bytes=100-200', 'bytes=-0']) {
    assert.throws(() => requestedRange(header, 100), { code: 'range-invalid' }, header);
  }
  assert.throws(() => requestedRange('bytes=0-', 0), { code: 'range-invalid' });
});

test('the place of a chunk is told in one of two forms', () => {
  assert.deepEqual(chunkRange(undefined), {});
  for (const header of ['10-19', 'bytes 10-19/100', 'bytes 10-19/*', 'bytes=10-19']) {
    assert.deepEqual(chunkRange(header), { at: 10, length: 10 }, header);
  }
  assert.deepEqual(chunkRange('0-0'), { at: 0, length: 1 });
  for (const header of ['', '5', '-5', '5-', '9-5', 'a-b', '1-2-3', '9999999999999999-99999999999999999']) {
    assert.throws(() => chunkRange(header), { code: 'range-invalid' }, header);
  }
});
