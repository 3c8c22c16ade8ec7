import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { until, World } from './testing/world.ts';

test('a refused connection is tried again until the time is up, then it is a 502', async () => {
  await using world = await World.open({ connectMs: 200 });
  const target = { host: '127.0.0.1', port: await world.closedPort() };
  world.route({ id: 'a1', phase: 'ready', target, access: 'open', stateName: 'Ready' });
  const begun = performance.now();
  const answer = await world.fetch('a1');
  const took = performance.now() - begun;
  assert.equal(answer.status, 502);
  assert.equal(JSON.parse(answer.body).error.code, 'BadGateway');
  assert.ok(took >= 100 && took < 10_000, `${took} ms`);
  await world.untilOpen('a1', 0);
});

test('a workload that begins to listen meanwhile gets the request with its body', async () => {
  await using world = await World.open({ connectMs: 5_000 });
  const port = await world.closedPort();
  world.route({
    id: 'a1',
    phase: 'ready',
    target: { host: '127.0.0.1', port },
    access: 'open',
    stateName: 'Ready',
  });
  const answer = world.fetch('a1', '/', { method: 'POST' }, 'body');
  await world.untilOpen('a1', 1);
  const server = createServer((req, res) => req.pipe(res));
  server.listen(port, '127.0.0.1');
  assert.equal((await answer).body, 'body');
  server.closeAllConnections();
  server.close();
});

test('a workload that ends meanwhile is a 502 that names its state', async () => {
  await using world = await World.open({ connectMs: 60_000 });
  const target = { host: '127.0.0.1', port: await world.closedPort() };
  const route = { id: 'a1', phase: 'ready', target, access: 'open', stateName: 'Ready' } as const;
  world.route(route);
  const answer = world.fetch('a1');
  await world.untilOpen('a1', 1);
  world.route({ ...route, phase: 'ended', stateName: 'Failed' });
  const { status, body } = await answer;
  assert.equal(status, 502);
  assert.equal(JSON.parse(body).error.code, 'BackendFailed');
  assert.match(JSON.parse(body).error.message, /Failed/);
});

test('a workload that goes to sleep meanwhile gets the request when it is back', async () => {
  await using world = await World.open({ connectMs: 60_000 });
  const target = { host: '127.0.0.1', port: await world.closedPort() };
  const route = { id: 'a1', phase: 'ready', target, access: 'open', stateName: 'Ready' } as const;
  world.route(route);
  const answer = world.fetch('a1');
  await world.untilOpen('a1', 1);
  world.route({ ...route, phase: 'pending', stateName: 'Waking' });
  await world.http('a1', (_, res) => res.end('awake'));
  assert.equal((await answer).body, 'awake');
  await until(
    () => world.owner.openOf('a1') === 0,
    () => 'the end',
  );
});
