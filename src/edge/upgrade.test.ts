import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { until, World } from './testing/world.ts';

/** Ready at a WebSocket server that sends back what it gets, first its request's path. */
async function echo(world: World, id = 'a1'): Promise<WebSocketServer> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, handleProtocols: ([first]) => first ?? false });
  sockets.on('connection', (socket, req) => {
    socket.send([req.url, req.headers['x-verified-path'], req.headers['x-forwarded-for']].join(' '));
    socket.on('message', (text, binary) => socket.send(text, { binary }));
  });
  await world.at(id, http);
  return sockets;
}

function dial(world: World, path = '/', protocols: string[] = []): WebSocket {
  const url = `ws://127.0.0.1:${world.port}${path}`;
  const socket = new WebSocket(url, protocols, { headers: { host: 'a1.localhost' } });
  const messages: string[] = [];
  socket.on('message', bytes => messages.push((bytes as Buffer).toString()));
  received.set(socket, messages);
  return socket;
}

const received = new WeakMap<WebSocket, string[]>();

/** The next message that has not been taken yet. */
async function message(socket: WebSocket): Promise<string> {
  const messages = received.get(socket) ?? [];
  await until(
    () => messages.length > 0,
    () => 'a message',
  );
  return messages.shift() ?? '';
}

test('a WebSocket reaches its workload, counts as open, and is closed with its code', async () => {
  await using world = await World.open();
  await echo(world);
  const socket = dial(world, '/chat?room=1', ['one', 'two']);
  const [response] = await once(socket, 'upgrade');
  assert.equal(response.headers['x-berth-backend-id'], 'a1');
  assert.equal(await message(socket), '/chat?room=1 /chat 127.0.0.1');
  assert.equal(socket.protocol, 'one');
  for (const text of ['hello', 'x'.repeat(500_000)]) {
    socket.send(text);
    assert.equal(await message(socket), text);
  }
  assert.equal(world.owner.openOf('a1'), 1);
  socket.close(4001, 'bye');
  const [code] = await once(socket, 'close');
  assert.equal(code, 4001);
  await world.untilOpen('a1', 0);
});

test('a WebSocket is held until its workload is ready', async () => {
  await using world = await World.open();
  world.route({ id: 'a1', phase: 'pending', access: 'open', stateName: 'Starting' });
  const socket = dial(world);
  await world.untilOpen('a1', 1);
  await echo(world);
  assert.match(await message(socket), /^\//);
  socket.terminate();
  await world.untilOpen('a1', 0);
});

test('a workload that cuts a WebSocket cuts it for the client', async () => {
  await using world = await World.open();
  const sockets = await echo(world);
  const socket = dial(world);
  await message(socket);
  for (const peer of sockets.clients) peer.terminate();
  const [code] = await once(socket, 'close');
  assert.equal(code, 1006);
  await world.untilOpen('a1', 0);
});

test('a WebSocket lives on when its workload is ending, until it ends', async () => {
  await using world = await World.open();
  await echo(world);
  const socket = dial(world);
  await message(socket);
  world.route({ id: 'a1', phase: 'ended', access: 'open', stateName: 'Terminated' });
  socket.send('still there');
  assert.equal(await message(socket), 'still there');
  assert.equal(world.owner.openOf('a1'), 1);
  socket.terminate();
  await world.untilOpen('a1', 0);
});

test('a workload that refuses an upgrade is heard, with headers and body', async () => {
  await using world = await World.open();
  await world.http('a1', () => {});
  await world.scripted(
    'a1',
    'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 200000\r\n\r\n'.concat(
      'x'.repeat(200_000),
    ),
  );
  const socket = dial(world);
  const [, response] = await once(socket, 'unexpected-response');
  assert.equal(response.statusCode, 401);
  assert.equal(response.headers['www-authenticate'], 'Basic');
  let length = 0;
  for await (const chunk of response) length += chunk.length;
  assert.equal(length, 200_000);
  await world.untilOpen('a1', 0);
});

test('what a client sends before the switch arrives after it', async () => {
  await using world = await World.open();
  await world.tcp('a1', socket => {
    let seen = '';
    socket.on('data', chunk => {
      seen += chunk;
      if (!seen.includes('\r\n\r\n')) return;
      const rest = seen.slice(seen.indexOf('\r\n\r\n') + 4);
      if (rest === '') socket.write('HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\nhello ');
      else if (rest === 'early late') socket.end('done');
    });
  });
  const client = await world.dial();
  client.write('GET / HTTP/1.1\r\nHost: a1.localhost\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\nearly');
  await client.until('hello ');
  client.write(' late');
  await client.until('done');
});

test('each direction of a tunnel ends by itself', async () => {
  await using world = await World.open();
  await world.tcp('a1', socket => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n');
      let seen = '';
      socket.on('data', chunk => {
        seen += chunk;
      });
      socket.on('end', () => socket.end(`all of ${seen}`));
    });
  });
  const client = await world.dial();
  client.write('GET / HTTP/1.1\r\nHost: a1.localhost\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n');
  await client.until('\r\n\r\n');
  client.socket.end('it');
  assert.match(await client.untilEnd(), /all of it$/);
  await world.untilOpen('a1', 0);
});

test('a workload that does not answer an upgrade in time is a 502', async () => {
  await using world = await World.open({ handshakeTimeoutMs: 50 });
  await world.tcp('a1', socket => socket.resume());
  const client = await world.dial();
  client.write('GET / HTTP/1.1\r\nHost: a1.localhost\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n');
  assert.match(await client.untilEnd(), /^HTTP\/1.1 502 [\s\S]*"code":"BadGateway"/);
  await world.untilOpen('a1', 0);
});
