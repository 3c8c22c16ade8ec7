import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from './testing/world.ts';

test('hop-by-hop headers of a request stay here, those that Connection names too', async () => {
  await using world = await World.open();
  await world.http('a1', (req, res) => res.end(JSON.stringify(req.headers)));
  const client = await world.dial();
  client.write(
    'GET / HTTP/1.1\r\nHost: a1.localhost\r\nConnection: close, X-Private, Host, X-Verified-Path\r\n' +
      'X-Private: 1\r\nKeep-Alive: timeout=9\r\nProxy-Connection: x\r\nProxy-Authorization: Basic x\r\n' +
      'TE: trailers\r\nTrailer: X-Sum\r\nX-Public: 2\r\n\r\n',
  );
  const received = await client.untilEnd();
  const headers = JSON.parse(received.slice(received.indexOf('{'), received.lastIndexOf('}') + 1));
  assert.deepEqual(Object.keys(headers).sort(), [
    'host',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-public',
    'x-verified-backend',
    'x-verified-path',
  ]);
});

test('hop-by-hop headers of a response stay here, those that Connection names too', async () => {
  await using world = await World.open();
  await world.scripted(
    'a1',
    'HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Private, Content-Length\r\nX-Private: 1\r\nKeep-Alive: timeout=99\r\n' +
      'Proxy-Authenticate: Basic\r\nTrailer: X\r\nUpgrade: h2c\r\nX-Public: 2\r\nX-Berth-Backend-Id: other\r\n' +
      'Content-Length: 2\r\n\r\nok',
  );
  const { headers, body } = await world.fetch('a1', '/', { headers: { connection: 'keep-alive' } });
  assert.equal(body, 'ok');
  assert.equal(headers['x-public'], '2');
  assert.equal(headers['x-berth-backend-id'], 'a1');
  assert.equal(headers['content-length'], '2');
  assert.equal(headers['keep-alive'], 'timeout=5');
  for (const name of ['x-private', 'proxy-authenticate', 'trailer', 'upgrade']) {
    assert.equal(headers[name], undefined, name);
  }
});

test("a workload that closes its connection does not close the client's", async () => {
  await using world = await World.open();
  await world.scripted('a1', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok', true);
  const client = await world.dial();
  for (let i = 0; i < 2; i++) {
    client.received = '';
    client.write('GET / HTTP/1.1\r\nHost: a1.localhost\r\n\r\n');
    assert.match(await client.until('\r\n\r\nok'), /Connection: keep-alive/);
  }
});

test('HTTP/2 over an upgrade is not passed on, since its headers could not be checked', async () => {
  await using world = await World.open();
  await world.http('a1', (req, res) => res.end(JSON.stringify(req.headers)));
  const client = await world.dial();
  client.write(
    'GET / HTTP/1.1\r\nHost: a1.localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n' +
      'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n',
  );
  const received = await client.untilEnd();
  assert.match(received, /^HTTP\/1.1 200 /);
  assert.doesNotMatch(received, /h2c|http2/i);
});
