import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from './testing/world.ts';

const cases: [what: string, asked: string, headers: string, status: number][] = [
  ['the protocol that was asked for', 'websocket', 'Upgrade: WebSocket\r\n', 101],
  ['one of those that were asked for', 'foo, websocket', 'Upgrade: websocket\r\n', 101],
  ['another protocol', 'websocket', 'Upgrade: h2c\r\n', 502],
  ['one more than asked for', 'websocket', 'Upgrade: websocket, h2c\r\n', 502],
  ['no protocol at all', 'websocket', '', 502],
  ['a header that must not be sent on', 'websocket', 'Upgrade: websocket\r\nX: a\nb: c\r\n', 502],
];

for (const [what, asked, headers, status] of cases) {
  test(`a 101 with ${what} is a ${status}`, async () => {
    await using world = await World.open();
    await world.scripted(
      'a1',
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n${headers}\r\nsecret`,
    );
    const client = await world.dial();
    client.write(`GET / HTTP/1.1\r\nHost: a1.localhost\r\nConnection: Upgrade\r\nUpgrade: ${asked}\r\n\r\n`);
    const received = await client.until(status === 101 ? 'secret' : '}}');
    assert.match(received, new RegExp(`^HTTP/1.1 ${status} `));
    if (status === 502) assert.doesNotMatch(await client.untilEnd(), /secret/);
    client.socket.resetAndDestroy();
    await world.untilOpen('a1', 0);
  });
}
