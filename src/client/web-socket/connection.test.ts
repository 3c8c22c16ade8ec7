import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import type { WebSocketConnection } from './connection.ts';
import { FrameReader } from './frames.ts';
import { openWebSocket } from './open.ts';

async function connect(t: TestContext, play: (socket: WebSocket) => unknown): Promise<WebSocketConnection> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', socket => void play(socket));
  await once(server, 'listening');
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return openWebSocket(`http://127.0.0.1:${port}/`, { headers: {}, timeoutMs: 20_000 });
}

test('messages of every size arrive whole, both ways', async t => {
  const sizes = [0, 1, 125, 126, 65_535, 65_536, 300_000];
  const connection = await connect(t, socket => {
    socket.on('message', (bytes, isBinary) => socket.send(bytes, { binary: isBinary }));
  });
  const sent = sizes.map(size => Buffer.alloc(size, 'ab\u00e9'));
  for (const bytes of sent) await connection.send(bytes);
  await connection.send('h\u00e9llo');
  const came = [];
  for await (const message of connection.messages()) {
    came.push(message);
    if (came.length === sizes.length + 1) break;
  }
  assert.deepEqual(came, [...sent, 'h\u00e9llo']);
});

test('a message in pieces is one, with a ping between that is answered', async t => {
  const pong = Promise.withResolvers<void>();
  const connection = await connect(t, async socket => {
    socket.once('pong', () => pong.resolve());
    socket.send('one ', { fin: false });
    socket.ping('x');
    socket.send('two');
    await pong.promise;
    socket.close(4000);
  });
  const came = [];
  for await (const message of connection.messages()) came.push(message);
  assert.deepEqual(came, ['one two']);
  assert.equal(connection.closeCode, 4000);
});

test('a connection that breaks off has no code', async t => {
  const connection = await connect(t, socket => socket.send('x', () => socket.terminate()));
  const came = [];
  for await (const message of connection.messages()) came.push(message);
  assert.deepEqual(came, ['x']);
  assert.equal(connection.closeCode, undefined);
});

test('a reader that takes its time holds the server back', async t => {
  const bytes = 32 * 1024 * 1024;
  let unsent = (): number => 0;
  const connection = await connect(t, socket => {
    unsent = () => socket.bufferedAmount;
    for (let sent = 0; sent < bytes; sent += 1024 * 1024) socket.send(Buffer.alloc(1024 * 1024));
    socket.close();
  });
  let received = 0;
  for await (const message of connection.messages()) {
    if (received === 0) {
      await delay(300);
      assert.ok(unsent() > bytes / 2, `${unsent()} bytes are left`);
    }
    received += message.length;
  }
  assert.equal(received, bytes);
});

test('what no server may send is refused', () => {
  const read = (...bytes: number[]) => [...new FrameReader(100).push(Buffer.from(bytes))];
  assert.throws(() => read(0xc1, 0), /may not send/);
  assert.throws(() => read(0x81, 0x80, 0, 0, 0, 0), /may not send/);
  assert.throws(() => read(0x81, 126, 0, 101), /too long/);
  assert.deepEqual(read(0x81), []);
});

test('a server that does not answer, or is not there, is told', async () => {
  const options = { headers: {}, timeoutMs: 20_000 };
  await assert.rejects(openWebSocket('http://127.0.0.1:1/', options), { name: 'ConnectionError' });
});
