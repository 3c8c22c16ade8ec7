import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptsVersion1 } from './accept.ts';

const v1 = 'application/vnd.rerobots.v1+json';
const v2 = 'application/vnd.rerobots.v2+json';

test('only a header that names other versions, and nothing else that fits, is refused', () => {
  for (const accept of [
    undefined,
    '',
    '*/*',
    'application/*',
    'application/json',
    'text/html',
    'text/html, nonsense;;',
    v1,
    `${v2}, ${v1}`,
    `${v2}, */*;q=0.1`,
    `${v2},application/json`,
    v1.toUpperCase(),
  ]) {
    assert.equal(acceptsVersion1(accept), true, accept);
  }
  for (const accept of [
    v2,
    `${v2}; q=1`,
    `${v2}, text/html`,
    `text/html,${v2},application/vnd.rerobots.v10+json`,
  ])
    assert.equal(acceptsVersion1(accept), false, accept);
});
