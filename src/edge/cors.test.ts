import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from './testing/world.ts';

const open = { origin: '*', methods: '*', headers: '*, Authorization' };

function corsOf(headers: NodeJS.Dict<string | string[]>): Record<string, unknown> {
  return Object.fromEntries(
    ['origin', 'methods', 'headers']
      .map(key => [key, headers[`access-control-allow-${key}`]])
      .filter(([, value]) => value !== undefined),
  );
}

test('a workload that sets no CORS header is open to all pages', async () => {
  await using world = await World.open();
  await world.http('a1', (_, res) => res.end());
  assert.deepEqual(corsOf((await world.fetch('a1')).headers), open);
});

test('a workload that sets one of the CORS headers keeps its own policy', async () => {
  await using world = await World.open();
  await world.http('a1', (_, res) => res.writeHead(200, { 'Access-Control-Allow-Methods': 'GET' }).end());
  assert.deepEqual(corsOf((await world.fetch('a1')).headers), { methods: 'GET' });
});

test("the edge's own answers can be read by all pages", async () => {
  await using world = await World.open();
  const { status, headers } = await world.fetch('none');
  assert.equal(status, 404);
  assert.deepEqual(corsOf(headers), open);
});
