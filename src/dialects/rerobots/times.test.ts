import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minuteStamp, timestamp, zonedTimestamp } from './times.ts';

test('each form of a time is as long as clients expect it', () => {
  const time = new Date('2026-05-01T09:08:07.006Z');
  assert.equal(timestamp(time), '2026-05-01 09:08:07.006000');
  assert.equal(minuteStamp(time), '2026-05-01 09:08 UTC');
  assert.equal(zonedTimestamp(time), '2026-05-01T09:08:07.006000Z');
});
