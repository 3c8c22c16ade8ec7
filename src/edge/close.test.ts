import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { until, World } from './testing/world.ts';

test('closing refuses new requests and lets running ones end', async () => {
  await using world = await World.open();
  let finish: (() => void) | undefined;
  await world.http('a1', (_, res) => {
    finish = () => res.end('done');
  });
  const running = world.fetch('a1', '/', { headers: { connection: 'keep-alive' } });
  await until(
    () => finish !== undefined,
    () => 'the request at the workload',
  );
  const closed = world.edge.close(5_000);
  const { status, headers, body } = await world.fetch('a1');
  assert.equal(status, 503);
  assert.equal(headers['retry-after'], '5');
  assert.equal(JSON.parse(body).error.code, 'NoCapacity');
  finish?.();
  const { headers: last, body: text } = await running;
  assert.equal(text, 'done');
  assert.equal(last.connection, 'close');
  await closed;
});

test('closing cuts what has not ended in time', async () => {
  await using world = await World.open();
  await world.http('a1', () => {});
  world.route({ id: 'b2', phase: 'pending', access: 'open', stateName: 'Starting' });
  await world.tcp('c3', socket => {
    socket.once('data', () => socket.write('HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n'));
  });
  const failures = [world.fetch('a1'), world.fetch('b2')].map(answer =>
    assert.rejects(answer, /hang up|RESET/),
  );
  const tunnel = await world.dial();
  tunnel.write('GET / HTTP/1.1\r\nHost: c3.localhost\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n');
  await tunnel.until('\r\n\r\n');
  for (const id of ['a1', 'b2', 'c3']) await world.untilOpen(id, 1);
  await world.edge.close(20);
  await Promise.all(failures);
  await tunnel.untilEnd();
  for (const id of ['a1', 'b2', 'c3']) assert.equal(world.owner.openOf(id), 0);
});

test('closing closes the idle connections to workloads', async () => {
  await using world = await World.open();
  let ended: Promise<unknown> | undefined;
  await world.http('a1', (req, res) => {
    ended = once(req.socket, 'close');
    res.end();
  });
  await world.fetch('a1');
  await world.edge.close(0);
  await ended;
});
