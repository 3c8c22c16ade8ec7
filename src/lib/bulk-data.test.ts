import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { bulkDataPassed } from './bulk-data.ts';

const chunkBytes = 256 * 1024;
const mebibyte = 1024 * 1024;

test('a large content that passes through memory does not gather there', async () => {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let passed = 0; passed < 200 * mebibyte; passed += chunkBytes) {
    const chunk = Buffer.allocUnsafeSlow(chunkBytes);
    await nextTurn();
    bulkDataPassed(chunk.length);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  assert.ok(most < 32 * mebibyte, `${most} bytes`);
});
