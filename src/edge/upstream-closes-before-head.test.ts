import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { World } from './testing/world.ts';

test('a workload that closes before it answers is a 502', async () => {
  await using world = await World.open();
  let requests = 0;
  await world.tcp('a1', socket => {
    socket.once('data', () => {
      requests++;
      socket.end();
    });
  });
  const answer = await world.fetch('a1');
  assert.equal(answer.status, 502);
  assert.equal(JSON.parse(answer.body).error.code, 'BadGateway');
  assert.equal(requests, 1);
  await world.untilOpen('a1', 0);
});

const unusable = {
  'a head that breaks off': 'HTTP/1.1 200 OK\r\nContent-Le',
  'something else than HTTP': 'SSH-2.0-OpenSSH\r\n\r\n',
  'HTTP/2': 'HTTP/2.0 200 OK\r\n\r\n',
  'Content-Length together with Transfer-Encoding':
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
  'a negative length': 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
  'a coding nobody knows': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  'a folded header': 'HTTP/1.1 200 OK\r\nA: b\r\n c: d\r\nContent-Length: 0\r\n\r\n',
  'a header without a colon': 'HTTP/1.1 200 OK\r\nA\r\nContent-Length: 0\r\n\r\n',
  'a header name with a space': 'HTTP/1.1 200 OK\r\nA : b\r\nContent-Length: 0\r\n\r\n',
  'a line feed in a header': 'HTTP/1.1 200 OK\r\nA: b\nSet-Cookie: c\r\nContent-Length: 0\r\n\r\n',
  'a switch of protocols unasked': 'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  'a head without end': `HTTP/1.1 200 OK\r\n${`X: ${'y'.repeat(1_000)}\r\n`.repeat(300)}`,
};

for (const [what, answer] of Object.entries(unusable)) {
  test(`${what} is a 502`, async () => {
    await using world = await World.open();
    await world.scripted('a1', answer, true);
    const { status, body } = await world.fetch('a1');
    assert.equal(status, 502);
    assert.match(JSON.parse(body).error.message, /cannot be passed on: it|cannot be passed on: its/);
    await world.untilOpen('a1', 0);
  });
}

/** Answers the first request of each connection and closes it when the second one comes. */
async function stale(world: World): Promise<string[]> {
  const requests: string[] = [];
  await world.tcp('a1', (socket: Socket) => {
    let served = false;
    socket.on('data', chunk => {
      requests.push(chunk.toString().split(' ', 1)[0] as string);
      if (served) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      served = true;
    });
  });
  return requests;
}

test('a GET on a connection that the workload was about to close is repeated on a new one', async () => {
  await using world = await World.open();
  const requests = await stale(world);
  await world.fetch('a1');
  assert.equal((await world.fetch('a1')).body, 'ok');
  assert.deepEqual(requests, ['GET', 'GET', 'GET']);
});

for (const [method, body] of [
  ['POST', undefined],
  ['PUT', 'x'],
] as const) {
  test(`a ${method} that may have had an effect is not repeated`, async () => {
    await using world = await World.open();
    const requests = await stale(world);
    await world.fetch('a1');
    const headers = { 'content-length': body?.length ?? 0 };
    assert.equal((await world.fetch('a1', '/', { method, headers }, body)).status, 502);
    assert.deepEqual(requests.slice(0, 2), ['GET', method]);
    await world.untilOpen('a1', 0);
  });
}

test('bytes that a workload sends unasked are nobody’s answer', async () => {
  await using world = await World.open();
  const sockets: Socket[] = [];
  await world.tcp('a1', socket => {
    sockets.push(socket);
    socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${sockets.length}`));
  });
  assert.equal((await world.fetch('a1')).body, '1');
  sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
  await once(sockets[0] as Socket, 'end');
  assert.equal((await world.fetch('a1')).body, '2');
});

test('an idle connection is closed before common servers would close it', async () => {
  await using world = await World.open();
  let ended: Promise<unknown> | undefined;
  await world.http('a1', (req, res) => {
    ended = once(req.socket, 'close');
    res.end();
  });
  await world.fetch('a1');
  const begun = performance.now();
  await ended;
  assert.ok(performance.now() - begun < 4_500, 'many servers close after 5 s');
});
