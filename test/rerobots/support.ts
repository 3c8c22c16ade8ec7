import assert from 'node:assert/strict';
import type { Answer, World } from '../support/index.ts';

/** Checks that an answer is a refusal in the words of this API. */
export function assertRefused(answer: Answer, status: number, text: string): void {
  assert.equal(answer.status, status, `${answer.status}: ${answer.text.slice(0, 500)}`);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.equal(answer.json().error_message, text, answer.text);
}

let made = 0;

/** A type that no other test uses. */
export function newType(): string {
  made += 1;
  return `type_${process.pid}_${made}`;
}

/** A deployment of the `host` base. @param body more of it, as in the API @returns its id */
export async function deploy(world: World, body: object = {}): Promise<string> {
  const answer = await world.api('/berth/v1/workspace-deployments', {
    body: { type: newType(), image: 'host', region: 'here:1', ...body },
  });
  return answer.ok<{ id: string }>().id;
}

export const timestampPattern = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/;
