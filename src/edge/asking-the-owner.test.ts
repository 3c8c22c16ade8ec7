import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { Admittance, Route } from './edge.ts';
import { until, World } from './testing/world.ts';

const asleep = { id: 'box-a1', phase: 'pending', access: 'asks', stateName: 'cold' } as const satisfies Route;

function admitted(port: number, changes: object = {}): Admittance {
  return {
    target: { host: '127.0.0.1', port },
    connectMs: 0,
    responseMs: 5_000,
    usedAuthorization: false,
    unreachable: 'nothing listens on port 8080',
    context: { sprite: 'box', service: null, port: 8080 },
    ...changes,
  };
}

async function open(changes: object = {}): Promise<World> {
  const world = await World.open();
  const { target } = await world.http('program', (req, res) =>
    res.end(JSON.stringify({ url: req.url, headers: req.headers })),
  );
  world.route(asleep);
  world.owner.admittances.set(asleep.id, admitted(target?.port ?? 0, changes));
  return world;
}

test('each request is put before the owner, and goes where it says', async () => {
  await using world = await open();
  for (let i = 0; i < 2; i++) {
    const answer = await world.fetch(asleep.id, '/x?y', { headers: { authorization: 'Bearer theirs' } });
    assert.equal(answer.status, 200);
    const { url, headers } = JSON.parse(answer.body);
    assert.deepEqual([url, headers.authorization], ['/x?y', 'Bearer theirs']);
  }
  assert.deepEqual(world.owner.lookedUp, ['box-a1?theirs', 'box-a1?theirs']);
});

test('a request counts as open before the owner is asked, until its response has ended', async () => {
  await using world = await open();
  const { promise, resolve } = Promise.withResolvers<void>();
  world.owner.delay = promise;
  const answer = world.fetch(asleep.id);
  await world.untilOpen(asleep.id, 1);
  resolve();
  assert.equal((await answer).status, 200);
  await world.untilOpen(asleep.id, 0);
});

test('a client that leaves while the owner thinks is forgotten', async () => {
  await using world = await open();
  world.owner.delay = new Promise(() => {});
  const client = await world.dial();
  client.write('GET / HTTP/1.1\r\nHost: box-a1.localhost\r\n\r\n');
  await world.untilOpen(asleep.id, 1);
  client.socket.destroy();
  await world.untilOpen(asleep.id, 0);
});

test('a token that was meant for the owner does not reach the workload', async () => {
  await using world = await open({ usedAuthorization: true });
  const { body } = await world.fetch(asleep.id, '/', { headers: { authorization: 'Bearer ours' } });
  assert.equal(JSON.parse(body).headers.authorization, undefined);
});

test('the owner refuses in its own words', async () => {
  await using world = await open();
  world.owner.admittances.set(asleep.id, {
    refused: { status: 401, headers: { 'www-authenticate': 'Bearer' }, body: { error: 'unauthorized' } },
  });
  const { status, headers, body } = await world.fetch(asleep.id, '/', { headers: { accept: 'text/html' } });
  assert.deepEqual([status, headers['www-authenticate'], body], [401, 'Bearer', '{"error":"unauthorized"}']);
  assert.equal(headers['content-type'], 'application/json');
});

test('a refused connection is told at once, with what the owner knows', async () => {
  await using world = await World.open({ connectMs: 60_000 });
  world.route(asleep);
  world.owner.admittances.set(asleep.id, admitted(await world.closedPort()));
  const { status, body } = await world.fetch(asleep.id);
  assert.equal(status, 502);
  assert.deepEqual(JSON.parse(body), {
    error: 'bad gateway',
    message: 'nothing listens on port 8080',
    sprite: 'box',
    service: null,
    port: 8080,
  });
});

test('a response that does not begin in time is a 504', async () => {
  await using world = await World.open();
  let seen: Socket | undefined;
  const { target } = await world.tcp('program', socket => {
    socket.resume();
    seen = socket;
  });
  world.route(asleep);
  world.owner.admittances.set(asleep.id, admitted(target?.port ?? 0, { responseMs: 30 }));
  const { status, body } = await world.fetch(asleep.id);
  assert.equal(status, 504);
  assert.equal(JSON.parse(body).error, 'gateway timeout');
  await until(
    () => seen?.destroyed === true || seen?.readableEnded === true,
    () => 'the end at the workload',
  );
});

test('upgrades are put before the owner, too', async () => {
  await using world = await World.open();
  const { target } = await world.tcp('program', socket => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.pipe(socket);
    });
  });
  world.route(asleep);
  world.owner.admittances.set(asleep.id, admitted(target?.port ?? 0));
  const client = await world.dial();
  client.write('GET / HTTP/1.1\r\nHost: box-a1.localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  await client.until('101 Switching');
  client.write('ping');
  await client.until('ping');
  client.socket.destroy();
  await once(client.socket, 'close');
  await world.untilOpen(asleep.id, 0);
});

test('an owner that fails is a 500', async () => {
  await using world = await World.open();
  world.route(asleep);
  assert.equal((await world.fetch(asleep.id)).status, 500);
});
