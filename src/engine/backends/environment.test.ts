import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkEnvironment } from './environment.ts';

const max = 256 * 1024;

test('ordinary variables are taken', () => {
  checkEnvironment({ A: '', _b1: 'ü', PATH: '/bin' }, max);
});

for (const [what, env, message] of [
  ['a name that begins with a digit', { '1A': 'x' }, /"1A" is no variable name/],
  ['a name with a hyphen', { 'A-B': 'x' }, /"A-B" is no variable name/],
  ['an empty name', { '': 'x' }, /"" is no variable name/],
  ['U+0000 in a value', { A: 'x\0y' }, /env\.A: must not contain U\+0000/],
  [
    'a variable that Linux would refuse',
    { A: 'x'.repeat(131_070) },
    /131072 bytes with its name; the limit is 131071/,
  ],
] as const) {
  test(`${what} is refused, with the reason`, () => {
    assert.throws(() => checkEnvironment(env, max), { code: 'invalid', message });
  });
}

test('the limit of all together counts UTF-8 bytes and one each', () => {
  checkEnvironment({ A: 'ü', B: 'x' }, 4 + 1 + 3 + 1);
  assert.throws(() => checkEnvironment({ A: 'ü', B: 'x' }, 8), {
    message: /9 bytes in total; the limit is 8/,
  });
});
