import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scrollback } from './scrollback.ts';

function texts(scrollback: Scrollback): string[] {
  return scrollback.pieces().map(({ stream, bytes }) => `${stream === 'stdout' ? 1 : 2}:${bytes.toString()}`);
}

test('keeps the last bytes and forgets the oldest, cut in the middle of a piece', () => {
  const scrollback = new Scrollback(5);
  scrollback.add({ stream: 'stdout', bytes: Buffer.from('abc') });
  scrollback.add({ stream: 'stderr', bytes: Buffer.from('d') });
  assert.deepEqual(texts(scrollback), ['1:abc', '2:d']);
  scrollback.add({ stream: 'stdout', bytes: Buffer.from('efg') });
  assert.deepEqual(texts(scrollback), ['1:c', '2:d', '1:efg']);
  scrollback.add({ stream: 'stdout', bytes: Buffer.from('0123456789') });
  assert.deepEqual(texts(scrollback), ['1:56789']);
});
