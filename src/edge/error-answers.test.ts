import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { until, World } from './testing/world.ts';

test('an error is JSON with message, status, code and the request id', async () => {
  await using world = await World.open();
  const { status, headers, body } = await world.fetch('none');
  assert.equal(status, 404);
  assert.equal(headers['content-type'], 'application/json');
  const { error } = JSON.parse(body);
  assert.deepEqual(error, {
    message: error.message,
    status: 404,
    code: 'NotFound',
    id: String(headers['x-request-id']),
  });
  assert.match(error.message, /none/);
  assert.match(String(error.id), /^req_[0-9a-f]{8}$/);
});

test('a browser gets a page, with the texts escaped', async () => {
  await using world = await World.open();
  world.route({ id: 'a1', phase: 'ended', access: 'open', stateName: '<b>&"' });
  const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
  const { status, headers, body } = await world.fetch('a1', '/', { headers: { accept } });
  assert.equal(status, 410);
  assert.equal(headers['content-type'], 'text/html; charset=utf-8');
  assert.match(body, /BackendNotRunning/);
  assert.match(body, /&#60;b&#62;&#38;&#34;/);
});

test('JSON is ASCII', async () => {
  await using world = await World.open();
  world.route({ id: 'a1', phase: 'ended', access: 'open', stateName: 'zerstört 🙂' });
  const { body } = await world.fetch('a1');
  assert.match(body, /zerst\\u00f6rt \\ud83d\\ude42/);
  assert.match(JSON.parse(body).error.message, /zerstört 🙂/);
});

test('an answer to HEAD has no body', async () => {
  await using world = await World.open();
  const { status, headers, body } = await world.fetch('none', '/', { method: 'HEAD' });
  assert.equal(status, 404);
  assert.ok(Number(headers['content-length']) > 0);
  assert.equal(body, '');
});

test('a client that goes on sending its body can still read the answer', async () => {
  await using world = await World.open();
  const client = await world.dial();
  const size = 1_000_000;
  client.write(`POST / HTTP/1.1\r\nHost: none.localhost\r\nContent-Length: ${size}\r\n\r\n`);
  const received = await client.until('}}');
  assert.match(received, /^HTTP\/1.1 404 /);
  assert.match(received, /connection: close\r\n/i);
  client.write('x'.repeat(size));
  await client.untilEnd();
  assert.equal(client.socket.errored, null);
});

test('an upgrade is refused with an answer too', async () => {
  await using world = await World.open();
  const client = await world.dial();
  client.write('GET / HTTP/1.1\r\nHost: none.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  assert.match(await client.untilEnd(), /^HTTP\/1.1 404 [\s\S]*"code":"NotFound"/);
});

test('a request line that is not HTTP is answered', async () => {
  await using world = await World.open();
  const client = await world.dial();
  client.write('HELO example.test\r\n\r\n');
  assert.match(await client.untilEnd(), /^HTTP\/1.1 400 [\s\S]*"code":"BadRequest"/);
});

test('a request is answered whatever bytes follow it, and is the last of its connection', async () => {
  await using world = await World.open();
  const held: ServerResponse[] = [];
  await world.http('a1', (req, res) => {
    if (req.url === '/begun') res.write('begun ');
    held.push(res);
  });
  for (const [path, expected] of [
    ['/', /^HTTP\/1.1 200 [\s\S]*connection: close\r\n[\s\S]*ended/i],
    ['/begun', /^HTTP\/1.1 200 [\s\S]*begun [\s\S]*ended/],
  ] as const) {
    const client = await world.dial();
    client.write(`POST ${path} HTTP/1.1\r\nHost: a1.localhost\r\nContent-Length: 2\r\n\r\n{}`);
    await until(
      () => held.length === 1,
      () => `a request to ${path}`,
    );
    if (path === '/begun') await client.until('begun ');
    client.write('}}\r\n\r\n');
    setImmediate(() => held.pop()?.end('ended'));
    const received = await client.untilEnd();
    assert.match(received, expected);
    assert.equal(received.split('HTTP/1.1 ').length, 2, received);
  }
});

test('a head that does not come in time is answered', async () => {
  await using world = await World.open({ headTimeoutMs: 100 });
  const client = await world.dial();
  client.write('GET / HTTP/1.1\r\nHost: a1.loc');
  assert.match(await client.untilEnd(), /^HTTP\/1.1 408 [\s\S]*"status":408/);
});

test('a head that is too large is answered', async () => {
  await using world = await World.open();
  const client = await world.dial();
  client.write(`GET / HTTP/1.1\r\nHost: a1.localhost\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`);
  assert.match(await client.untilEnd(), /^HTTP\/1.1 431 /);
});
