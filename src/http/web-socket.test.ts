import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import Fastify from 'fastify';
import { WebSocket } from 'ws';
import { responseOver } from '../edge/index.ts';
import { acceptWebSocket, isUpgrade, offerUpgrade, wantsWebSocket } from './web-socket.ts';

/** A server whose `/echo` is a WebSocket, as the listener of Berth would have it. */
async function open(t: TestContext): Promise<number> {
  let handle: (req: IncomingMessage, res: never) => void = () => {};
  const server = createServer({ shouldUpgradeCallback: wantsWebSocket } as object, (req, res) =>
    handle(req, res as never),
  );
  server.on('upgrade', (req, socket, head) => {
    const res = responseOver(req, socket as Socket, head);
    offerUpgrade(req, socket);
    handle(req, res as never);
  });
  const app = Fastify({
    serverFactory: toApp => {
      handle = toApp as never;
      return server;
    },
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-version', '1');
    if (request.headers.authorization === undefined) return reply.code(401).send({ error: 'unauthorized' });
    return undefined;
  });
  app.get('/echo', async (request, reply) => {
    if (!isUpgrade(request)) return reply.code(426).send({ error: 'upgrade required' });
    const socket = await acceptWebSocket(request, reply, {
      maxMessageBytes: 100,
      headers: { 'x-capabilities': 'echo' },
    });
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    return reply;
  });
  await app.ready();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const headers = { authorization: 'Bearer x' };

test('a route makes a WebSocket of an upgrade, with headers of its own', async t => {
  const port = await open(t);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`, { headers });
  const [[upgrade]] = await Promise.all([once(socket, 'upgrade'), once(socket, 'open')]);
  const { headers: told } = upgrade as IncomingMessage;
  assert.deepEqual([told['x-version'], told['x-capabilities']], ['1', 'echo']);
  socket.send(Buffer.from([1, 2]));
  assert.deepEqual(await once(socket, 'message'), [Buffer.from([1, 2]), true]);
  socket.close();
  await once(socket, 'close');
});

test('what the client sends with its handshake is not lost', async t => {
  const port = await open(t);
  const socket = connect(port, '127.0.0.1');
  const masked = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
  const head = `GET /echo HTTP/1.1\r\nHost: x\r\nAuthorization: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
  socket.write(Buffer.concat([Buffer.from(head), masked]));
  let received = '';
  for await (const chunk of socket) {
    received += (chunk as Buffer).toString('latin1');
    if (received.endsWith('\x81\x02hi')) break;
  }
  assert.match(received, /^HTTP\/1.1 101 /);
});

test('hooks and routes answer an upgrade as they answer any request', async t => {
  const port = await open(t);
  for (const [path, given, status] of [
    ['/echo', {}, 401],
    ['/none', headers, 404],
  ] as const) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: given });
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    assert.equal(response.statusCode, status);
    socket.on('error', () => {});
    socket.terminate();
  }
});

test('a request without upgrade is told so by the route', async t => {
  const port = await open(t);
  assert.equal((await fetch(`http://127.0.0.1:${port}/echo`, { headers })).status, 426);
});

test('a message that is too long ends the connection with 1009', async t => {
  const port = await open(t);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`, { headers });
  await once(socket, 'open');
  socket.send('x'.repeat(101));
  const [code] = await once(socket, 'close');
  assert.equal(code, 1009);
});
