import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IgnoredPaths } from './ignored-paths.ts';

const patterns = ['# a comment', '', '*.log', '/build/', 'a/**/secret', '!important.log', 'with space'].join(
  '\r\n',
);

for (const [path, ignored] of [
  ['server.js', false],
  ['node_modules', true],
  ['node_modules/x/y.js', true],
  ['packages/a/node_modules/x', true],
  ['.git/HEAD', true],
  ['.gitignore', false],
  ['out.log', true],
  ['important.log', false],
  ['deep/out.log', false],
  ['build/x/y', true],
  ['builder/x', false],
  ['a/b/c/secret/x', true],
  ['with space/x', true],
] as const) {
  test(`${path} is ${ignored ? 'ignored' : 'looked at'}`, () => {
    assert.equal(new IgnoredPaths(patterns).has(path), ignored);
  });
}
