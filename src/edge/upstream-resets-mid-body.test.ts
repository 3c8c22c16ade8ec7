import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from './testing/world.ts';

const get = 'GET / HTTP/1.1\r\nHost: a1.localhost\r\n\r\n';

const broken = {
  'a body shorter than its length': 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
  'a chunked body without an end': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
  'a chunk that breaks off': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc',
  'a malformed chunk size': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n',
};

for (const [what, answer] of Object.entries(broken)) {
  test(`${what} is not made to look complete`, async () => {
    await using world = await World.open();
    await world.scripted('a1', answer, true);
    const client = await world.dial();
    client.write(get);
    const received = await client.untilEnd();
    assert.doesNotMatch(received, /\r\n0\r\n\r\n|"error"/);
    await world.untilOpen('a1', 0);
  });
}

for (const [what, answer] of [
  ['with its length known', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'],
  ['that would end with the connection', 'HTTP/1.1 200 OK\r\n\r\nabc'],
] as const) {
  test(`a reset in a body ${what} breaks the client's connection`, async () => {
    await using world = await World.open();
    const client = await world.dial();
    let reset: (() => void) | undefined;
    await world.tcp('a1', socket => {
      reset = () => socket.resetAndDestroy();
      socket.once('data', () => socket.write(answer));
    });
    client.write(get);
    await client.until('abc');
    reset?.();
    const received = await client.untilEnd();
    assert.doesNotMatch(received, /\r\n0\r\n\r\n/);
    await world.untilOpen('a1', 0);
  });
}

test('a reset while the request body is sent is a 502', async () => {
  await using world = await World.open();
  await world.tcp('a1', socket => {
    socket.once('data', () => socket.resetAndDestroy());
  });
  const client = await world.dial();
  client.write('POST / HTTP/1.1\r\nHost: a1.localhost\r\nContent-Length: 100000\r\n\r\nabc');
  const received = await client.until('}}');
  assert.match(received, /^HTTP\/1.1 502 [\s\S]*"code":"BadGateway"/);
  await world.untilOpen('a1', 0);
});
