import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify from 'fastify';
import Type from 'typebox';
import { asciiJson } from '../lib/ascii-json.ts';
import { errorTable } from './error-table.ts';
import { errorHandler } from './errors.ts';
import { speakJson } from './json.ts';

function app() {
  const fastify = Fastify();
  speakJson(fastify);
  fastify.setErrorHandler(errorHandler(errorTable, () => {}));
  const body = Type.Object({
    name: Type.String(),
    env: Type.Optional(Type.Record(Type.String(), Type.String())),
  });
  fastify.post('/', { schema: { body } }, async request => request.body);
  fastify.post('/free', async request => request.body);
  return fastify;
}

async function post(payload: string, headers: Record<string, string> = {}, url = '/') {
  const answer = await app().inject({ method: 'POST', url, payload, headers });
  return { status: answer.statusCode, type: answer.headers['content-type'], body: answer.json() };
}

test('JSON is written in ASCII and read back as it was', () => {
  const value = { text: 'für 🚢\u007f' };
  assert.match(asciiJson(value), /^[\x20-\x7e]*$/);
  assert.deepEqual(JSON.parse(asciiJson(value)), value);
});

test('answers are exactly application/json', async () => {
  assert.equal((await post('{"name":"a"}')).type, 'application/json');
});

test('a body without a type is JSON, an empty one is {}, null is absent', async () => {
  assert.deepEqual((await post('{"name":"a"}')).body, { name: 'a' });
  assert.deepEqual((await post('', {}, '/free')).body, {});
  assert.deepEqual((await post('{"name":"a","env":null}')).body, { name: 'a' });
});

for (const [payload, message] of [
  ['{}', 'name is missing'],
  ['{"name":1}', 'name must be string, not 1'],
  ['{"name":"a","env":{"A":1}}', 'env.A must be string, not 1'],
  ['[]', 'the body must be a JSON object'],
] as const) {
  test(`${payload} is refused with: ${message}`, async () => {
    const { status, body } = await post(payload);
    assert.deepEqual([status, body.error.message], [400, message]);
  });
}

test('no body at all is {}, whatever its type', async () => {
  const answer = await post('', { 'content-type': 'text/plain', 'content-length': '0' }, '/free');
  assert.deepEqual(answer.body, {});
});

test('another type with a body is refused', async () => {
  assert.equal((await post('name=a', { 'content-type': 'text/plain' })).status, 415);
});
