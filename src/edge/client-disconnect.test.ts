import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { until, World } from './testing/world.ts';

const get = 'GET / HTTP/1.1\r\nHost: a1.localhost\r\n\r\n';
const upgrade = 'GET / HTTP/1.1\r\nHost: a1.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const pending = { id: 'a1', phase: 'pending', access: 'open', stateName: 'Starting' } as const;

for (const [kind, head] of [
  ['request', get],
  ['upgrade', upgrade],
] as const) {
  for (const how of ['closes', 'resets'] as const) {
    test(`a client that ${how} while its ${kind} is held is forgotten at once`, async () => {
      await using world = await World.open();
      world.route(pending);
      const client = await world.dial();
      client.write(head);
      await world.untilOpen('a1', 1);
      if (how === 'closes') client.socket.destroy();
      else client.socket.resetAndDestroy();
      await world.untilOpen('a1', 0);
    });

    test(`a client that ${how} while the workload thinks about its ${kind} aborts it there`, async () => {
      await using world = await World.open();
      let seen: Socket | undefined;
      await world.tcp('a1', socket => {
        socket.resume();
        seen = socket;
      });
      const client = await world.dial();
      client.write(head);
      await until(
        () => seen !== undefined,
        () => 'the request at the workload',
      );
      const ended = once(seen as unknown as Socket, 'end');
      if (how === 'closes') client.socket.destroy();
      else client.socket.resetAndDestroy();
      await ended;
      await world.untilOpen('a1', 0);
    });
  }

  test(`a client that leaves while its ${kind} waits for a connection stops the attempts`, async () => {
    await using world = await World.open({ connectMs: 60_000 });
    const target = { host: '127.0.0.1', port: await world.closedPort() };
    world.route({ ...pending, phase: 'ready', target });
    const client = await world.dial();
    client.write(head);
    await world.untilOpen('a1', 1);
    client.socket.destroy();
    await world.untilOpen('a1', 0);
  });

  test(`a client that leaves while its ${kind} is looked up is not counted at all`, async () => {
    await using world = await World.open();
    const { promise, resolve } = Promise.withResolvers<void>();
    world.owner.delay = promise;
    world.owner.routes.set('a1', pending);
    const client = await world.dial();
    client.write(head);
    await until(
      () => world.owner.lookedUp.length === 1,
      () => 'the look-up',
    );
    client.socket.destroy();
    await once(client.socket, 'close');
    // The server hears of the close before it reads the next request.
    await world.fetch('none.x').catch(() => {});
    resolve();
    await world.edge.close(1_000);
    assert.equal(world.owner.open.has('a1'), false);
  });
}

test('a client that leaves in the middle of a response ends it at the workload', async () => {
  await using world = await World.open();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  await world.http('a1', (_, res) => {
    const timer = setInterval(() => res.write('x'), 1);
    res.on('close', () => {
      clearInterval(timer);
      resolve();
    });
  });
  const res = await world.begin('a1');
  await once(res, 'data');
  res.destroy();
  await closed;
  await world.untilOpen('a1', 0);
});

test('a client that leaves in the middle of its upload ends it at the workload', async () => {
  await using world = await World.open();
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  await world.http('a1', req => {
    req.resume();
    req.on('error', () => resolve());
  });
  const client = await world.dial();
  client.write('POST / HTTP/1.1\r\nHost: a1.localhost\r\nContent-Length: 10\r\n\r\nabc');
  await world.untilOpen('a1', 1);
  client.socket.destroy();
  await aborted;
  await world.untilOpen('a1', 0);
});

test('a client that leaves takes all its pipelined requests with it', async () => {
  await using world = await World.open();
  await world.http('a1', () => {});
  const client = await world.dial();
  client.write(get.repeat(15));
  await world.untilOpen('a1', 1);
  client.socket.destroy();
  await world.untilOpen('a1', 0);
  // Would wait for requests that are still there.
  await world.edge.close(60_000);
});
