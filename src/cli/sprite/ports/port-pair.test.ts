import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portPair } from './port-pair.ts';

test('a port here leads to the same one, or to another', () => {
  const given = ['5432', '8080:3000', ':3000', '0:80'];
  const pairs = given.reduce<ReturnType<typeof portPair>>((all, text) => portPair(text, all), []);
  assert.deepEqual(pairs, [
    { local: 5432, remote: 5432 },
    { local: 8080, remote: 3000 },
    { local: 0, remote: 3000 },
    { local: 0, remote: 80 },
  ]);
});

test('what is none is refused', () => {
  for (const text of ['', ':', '0', '1:', '1:0', '70000', '1:70000', 'a', '1:2:3', '-1', '99999999999']) {
    assert.throws(() => portPair(text), /such as 8080:3000/, text);
  }
});
