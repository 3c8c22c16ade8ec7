import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTarget } from './target.ts';

const cases: [url: string, authority: string | undefined, path: string][] = [
  ['/a?b', undefined, '/a?b'],
  ['//a/b', undefined, '//a/b'],
  ['*', undefined, '*'],
  ['http://h.test/a?b', 'h.test', '/a?b'],
  ['HTTPS://h.test:1/', 'h.test:1', '/'],
  ['http://h.test', 'h.test', '/'],
  ['http://h.test?q', 'h.test', '/?q'],
];

for (const [url, authority, path] of cases) {
  test(`the target ${url} is split into its authority and its path`, () => {
    assert.deepEqual(readTarget(url), { authority, path });
  });
}

for (const url of ['', 'h.test:80', 'ftp://h.test/', 'http://user@h.test/', 'http:///a', 'a/b', '?q']) {
  test(`the target "${url}" is none that a server is asked with`, () => {
    assert.equal(readTarget(url), undefined);
  });
}
