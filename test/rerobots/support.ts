import assert from 'node:assert/strict';
import type { Answer } from '../support/index.ts';

/** Checks that an answer is a refusal in the words of this API. */
export function assertRefused(answer: Answer, status: number, text: string): void {
  assert.equal(answer.status, status, `${answer.status}: ${answer.text.slice(0, 500)}`);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.equal(answer.json().error_message, text, answer.text);
}
