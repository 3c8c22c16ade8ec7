import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from './testing/world.ts';

test('a request and its response pass through with status, reason, headers and body', async () => {
  await using world = await World.open();
  await world.http('a1', (req, res) => {
    let body = '';
    req.on('data', chunk => {
      body += chunk;
    });
    req.on('end', () => res.writeHead(201, 'Made', { 'x-seen': `${req.method} ${req.url}` }).end(body));
  });
  const answer = await world.fetch('a1', '/p/../q%2f?x=%20', { method: 'POST' }, 'höllo');
  assert.equal(answer.status, 201);
  assert.equal(answer.headers['x-seen'], 'POST /p/../q%2f?x=%20');
  assert.equal(answer.headers['x-berth-backend-id'], 'a1');
  assert.equal(answer.body, 'höllo');
});

test('chunked bodies pass through both ways', async () => {
  await using world = await World.open();
  await world.http('a1', (req, res) => {
    assert.equal(req.headers['transfer-encoding'], 'chunked');
    req.pipe(res);
  });
  const client = await world.dial();
  client.write('POST / HTTP/1.1\r\nHost: a1.localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
  await client.until('abc');
  client.write('4\r\ndefg\r\n0\r\n\r\n');
  const received = await client.until('0\r\n\r\n');
  assert.match(received, /transfer-encoding: chunked\r\n/i);
  assert.match(received, /3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n$/);
});

test('HEAD keeps the length of a body that does not come', async () => {
  await using world = await World.open();
  await world.http('a1', (_, res) => res.writeHead(200, { 'content-length': 1234 }).end());
  const answer = await world.fetch('a1', '/', { method: 'HEAD' });
  assert.equal(answer.headers['content-length'], '1234');
  assert.equal(answer.body, '');
});

for (const status of [204, 304]) {
  test(`${status} has no body, and its connection is used again`, async () => {
    await using world = await World.open();
    await world.http('a1', (_, res) => res.writeHead(status, { etag: '"x"' }).end());
    const client = await world.dial();
    for (let i = 1; i <= 2; i++) {
      client.received = '';
      client.write('GET / HTTP/1.1\r\nHost: a1.localhost\r\n\r\n');
      const received = await client.until('\r\n\r\n');
      assert.match(received, new RegExp(`^HTTP/1.1 ${status} `));
      assert.doesNotMatch(received, /transfer-encoding|content-length/i);
    }
  });
}

test('a 204 does not claim a length', async () => {
  await using world = await World.open();
  await world.scripted('a1', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n');
  assert.equal((await world.fetch('a1')).headers['content-length'], undefined);
});

test('a body that ends with the connection is passed on as a chunked one', async () => {
  await using world = await World.open();
  await world.scripted('a1', 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold school', true);
  const answer = await world.fetch('a1');
  assert.equal(answer.headers['transfer-encoding'], 'chunked');
  assert.equal(answer.body, 'old school');
});

test('an HTTP/1.0 client gets no chunks', async () => {
  await using world = await World.open();
  await world.http('a1', (_, res) => {
    res.write('one ');
    res.end('two');
  });
  const client = await world.dial();
  client.write('GET / HTTP/1.0\r\nHost: a1.localhost\r\n\r\n');
  const received = await client.untilEnd();
  assert.match(received, /\r\n\r\none two$/);
  assert.doesNotMatch(received, /transfer-encoding/i);
});

test('repeated headers stay repeated', async () => {
  await using world = await World.open();
  await world.http('a1', (_, res) => res.writeHead(200, { 'set-cookie': ['a=1', 'b=2'] }).end());
  assert.deepEqual((await world.fetch('a1')).headers['set-cookie'], ['a=1', 'b=2']);
});

test('trailers of a response are passed on', async () => {
  await using world = await World.open();
  await world.scripted(
    'a1',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n',
  );
  const answer = await world.fetch('a1');
  assert.equal(answer.body, 'ok');
  assert.equal(answer.trailers['x-sum'], '7');
});

test('large headers pass through both ways', async () => {
  await using world = await World.open();
  await world.http('a1', (req, res) => {
    res
      .writeHead(200, { 'x-long': 'y'.repeat(12_000), 'x-length': String(req.headers['x-long']?.length) })
      .end();
  });
  const answer = await world.fetch('a1', '/', {
    headers: { 'x-long': 'x'.repeat(12_000) },
    maxHeaderSize: 32_768,
  });
  assert.equal(answer.headers['x-long'], 'y'.repeat(12_000));
  assert.equal(answer.headers['x-length'], '12000');
});

test('pipelined requests are carried out and answered one after the other', async () => {
  await using world = await World.open();
  let running = 0;
  await world.http('a1', (req, res) => {
    running++;
    assert.equal(running, 1);
    setTimeout(
      () => {
        running--;
        res.end(`<${req.url}>`);
      },
      req.url === '/1' ? 30 : 0,
    );
  });
  const client = await world.dial();
  client.write([1, 2, 3].map(n => `GET /${n} HTTP/1.1\r\nHost: a1.localhost\r\n\r\n`).join(''));
  const received = await client.until('</3>');
  assert.deepEqual(received.match(/<.*?>/g), ['</1>', '</2>', '</3>']);
  await world.untilOpen('a1', 0);
});

test('a connection to the workload is used again', async () => {
  await using world = await World.open();
  const ports = new Set<number | undefined>();
  await world.http('a1', (req, res) => {
    ports.add(req.socket.remotePort);
    res.end('ok');
  });
  for (let i = 0; i < 5; i++) await world.fetch('a1');
  assert.equal(ports.size, 1);
});

test('the absolute form of a target counts more than Host', async () => {
  await using world = await World.open();
  await world.http('a1', (req, res) =>
    res.end([req.headers.host, req.url, req.headers['x-verified-path']].join(' ')),
  );
  const client = await world.dial();
  client.write(
    'GET http://A1.localhost:99/x?y HTTP/1.1\r\nHost: other.localhost\r\nConnection: close\r\n\r\n',
  );
  assert.match(await client.untilEnd(), /A1.localhost:99 \/x\?y \/x$/);
});

test('a target that names no workload is refused', async () => {
  await using world = await World.open();
  const client = await world.dial();
  client.write('GET http://elsewhere.test/ HTTP/1.1\r\nHost: a1.localhost\r\n\r\n');
  assert.match(await client.untilEnd(), /^HTTP\/1.1 400 [\s\S]*"code":"BadRequest"/);
});
