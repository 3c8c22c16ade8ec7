import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prefersHtml } from './accept.ts';

const cases: [accept: string | undefined, html: boolean][] = [
  [undefined, false],
  ['*/*', false],
  ['application/json', false],
  ['text/html', true],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
  ['text/html, application/json', false],
  ['text/html;q=0.5, application/json', false],
  ['application/json;q=0.5, TEXT/HTML', true],
  ['text/html;q=0, */*', false],
  ['text/html;q=0.9, */*;q=0.9', false],
];

for (const [accept, html] of cases) {
  test(`Accept: ${accept} gets ${html ? 'HTML' : 'JSON'}`, () => {
    assert.equal(prefersHtml(accept), html);
  });
}
