import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { until, World } from './testing/world.ts';

test('the head of a response goes out before its body begins', async () => {
  await using world = await World.open();
  await world.http('a1', (_, res) => res.writeHead(200, { 'x-early': '1' }).flushHeaders());
  const res = await world.begin('a1');
  assert.equal(res.headers['x-early'], '1');
  res.destroy();
});

test('server-sent events arrive one by one', async () => {
  await using world = await World.open();
  let stream: ServerResponse | undefined;
  await world.http('a1', (_, res) => {
    stream = res.writeHead(200, { 'content-type': 'text/event-stream' });
    stream.flushHeaders();
  });
  const res = await world.begin('a1');
  res.setEncoding('utf8');
  for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
    stream?.write(text);
    assert.deepEqual(await once(res, 'data'), [text]);
  }
  assert.equal(world.owner.openOf('a1'), 1);
  stream?.end();
  await world.untilOpen('a1', 0);
});

test('100 Continue comes from the workload', async () => {
  await using world = await World.open();
  await world.http('a1', (req, res) => {
    req.resume();
    req.on('end', () => res.end('done'));
  });
  const client = await world.dial();
  client.write('PUT / HTTP/1.1\r\nHost: a1.localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
  await client.until('HTTP/1.1 100 Continue\r\n\r\n');
  client.write('hi');
  await client.until('done');
  assert.equal(client.received.match(/100 Continue/g)?.length, 1);
});

test('a workload can refuse a body before it is sent', async () => {
  await using world = await World.open();
  await world.scripted(
    'a1',
    'HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig',
    true,
  );
  const client = await world.dial();
  client.write(
    'PUT / HTTP/1.1\r\nHost: a1.localhost\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n',
  );
  const received = await client.until('big');
  assert.match(received, /^HTTP\/1.1 413 /);
});

test('early hints are passed on, but not to HTTP/1.0 clients', async () => {
  await using world = await World.open();
  const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n';
  await world.scripted('a1', `${hints}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`);
  for (const [version, first] of [
    ['1.1', '103'],
    ['1.0', '200'],
  ]) {
    const client = await world.dial();
    client.write(`GET / HTTP/${version}\r\nHost: a1.localhost\r\nConnection: close\r\n\r\n`);
    const received = await client.untilEnd();
    assert.match(received, new RegExp(`^HTTP/1.1 ${first} `));
    assert.match(received, /\r\n\r\nok$/);
  }
});

test('a hint that cannot be passed on does not spoil the response', async () => {
  await using world = await World.open();
  const hints = 'HTTP/1.1 103 Early Hints\r\nLink: nonsense\r\n\r\nHTTP/1.1 199 Odd\r\n\r\n';
  await world.scripted('a1', `${hints}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`);
  assert.equal((await world.fetch('a1')).body, 'ok');
});

test('an answer that comes before the body has been sent ends the exchange', async () => {
  await using world = await World.open();
  await world.http('a1', (_, res) => res.writeHead(403, { connection: 'close' }).end('no'));
  const client = await world.dial();
  client.write(`POST / HTTP/1.1\r\nHost: a1.localhost\r\nContent-Length: 100\r\n\r\n${'x'.repeat(50)}`);
  await client.until('no');
  await world.untilOpen('a1', 0);
  client.write('x'.repeat(50));
  client.received = '';
  client.write('GET /2 HTTP/1.1\r\nHost: a1.localhost\r\n\r\n');
  await client.until('no');
});

test('request and response may stream at the same time', async () => {
  await using world = await World.open();
  await world.http('a1', (req, res) => {
    res.flushHeaders();
    req.pipe(res);
  });
  const client = await world.dial();
  client.write('POST / HTTP/1.1\r\nHost: a1.localhost\r\nContent-Length: 6\r\n\r\n');
  for (const piece of ['ab', 'cd', 'ef']) {
    client.write(piece);
    await client.until(piece);
  }
  await until(
    () => world.owner.openOf('a1') === 0,
    () => 'the end',
  );
});
