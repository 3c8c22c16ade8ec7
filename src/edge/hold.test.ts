import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Route } from './edge.ts';
import { until, World } from './testing/world.ts';

const pending: Route = { id: 'a1', phase: 'pending', access: 'open', stateName: 'Starting' };

test('requests are held until their workload is ready, then all go on', async () => {
  await using world = await World.open();
  world.route(pending);
  const answers = [1, 2, 3].map(n => world.fetch('a1', `/${n}`, { method: 'POST' }, `body ${n}`));
  await world.untilOpen('a1', 3);
  await world.http('a1', (req, res) => req.pipe(res));
  assert.deepEqual(
    (await Promise.all(answers)).map(answer => answer.body),
    ['body 1', 'body 2', 'body 3'],
  );
  await world.untilOpen('a1', 0);
});

test('the body of a held request stays unread', async () => {
  await using world = await World.open();
  world.route(pending);
  const client = await world.dial();
  const size = 20_000_000;
  client.write(`POST / HTTP/1.1\r\nHost: a1.localhost\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`);
  await world.untilOpen('a1', 1);
  let before = -1;
  await until(
    () => {
      const settled = before === client.socket.writableLength;
      before = client.socket.writableLength;
      return settled && before > 0;
    },
    () => 'the client to be stopped',
  );
  await world.http('a1', (req, res) => {
    let length = 0;
    req.on('data', chunk => {
      length += chunk.length;
    });
    req.on('end', () => res.end(`got ${length}.`));
  });
  await client.until(`got ${size}.`);
});

test('a workload that does not get ready in time is a 504 that names its state', async () => {
  await using world = await World.open({ holdMs: 50 });
  world.route(pending);
  const { status, headers, body } = await world.fetch('a1');
  assert.equal(status, 504);
  assert.equal(headers['retry-after'], '2');
  assert.equal(JSON.parse(body).error.code, 'StartTimeout');
  assert.match(JSON.parse(body).error.message, /Starting/);
  await world.untilOpen('a1', 0);
});

test('a workload that ends while requests are held is a 502 that names its state', async () => {
  await using world = await World.open();
  world.route(pending);
  const answer = world.fetch('a1');
  await world.untilOpen('a1', 1);
  world.route({ ...pending, phase: 'ended', stateName: 'ErrorStarting' });
  const { status, body } = await answer;
  assert.equal(status, 502);
  assert.equal(JSON.parse(body).error.code, 'BackendFailed');
  assert.match(JSON.parse(body).error.message, /ErrorStarting/);
  await world.untilOpen('a1', 0);
});

test('a new request to an ended workload is a 410, but open ones go on', async () => {
  await using world = await World.open();
  let finish: (() => void) | undefined;
  const route = await world.http('a1', (_, res) => {
    res.write('begun ');
    finish = () => res.end('ended');
  });
  const open = world.fetch('a1');
  await until(
    () => finish !== undefined,
    () => 'the request at the workload',
  );
  world.route({ ...route, phase: 'ended', stateName: 'Terminated' });
  const { status, body } = await world.fetch('a1');
  assert.equal(status, 410);
  assert.equal(JSON.parse(body).error.code, 'BackendNotRunning');
  assert.equal(world.owner.openOf('a1'), 1);
  finish?.();
  assert.equal((await open).body, 'begun ended');
});

test('a workload that is forgotten while requests are held is asked for again', async () => {
  await using world = await World.open();
  world.route(pending);
  const answer = world.fetch('a1');
  await world.untilOpen('a1', 1);
  world.owner.routes.delete('a1');
  world.edge.forget('a1');
  assert.equal((await answer).status, 404);
  await world.untilOpen('a1', 0);
});

test('a workload that moves is reached at its new address', async () => {
  await using world = await World.open();
  await world.http('a1', (_, res) => res.end('old'));
  assert.equal((await world.fetch('a1')).body, 'old');
  await world.http('a1', (_, res) => res.end('new'));
  assert.equal((await world.fetch('a1')).body, 'new');
});
