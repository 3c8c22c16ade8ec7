import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from './durations.ts';

const hourMs = 3_600_000;

for (const [text, ms] of [
  ['0', 0],
  ['5s', 5_000],
  ['5.0s', 5_000],
  ['1h0m0s', hourMs],
  ['1m30s', 90_000],
  ['500ms', 500],
  ['1.5h', hourMs],
  ['250us', 0.25],
  ['250µs', 0.25],
  ['1000ns', 0.001],
  ['7', 7_000],
  ['2.5', 2_500],
  ['100h', hourMs],
] as const) {
  test(`${text} is ${ms} ms`, () => assert.equal(parseDuration('duration', text, hourMs), ms));
}

for (const text of ['', '-1s', '-1', 'abc', '5x', '1m30', 's', '1 s', '1e3', 'NaN', 'Infinity', '5s ']) {
  test(`${JSON.stringify(text)} is no duration`, () => {
    assert.throws(() => parseDuration('duration', text, hourMs), { status: 400, error: 'invalid duration' });
  });
}
