import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until, World } from './testing/world.ts';

const size = 50_000_000;

/** True once a count has not grown for a while. */
function settled(count: () => number): () => boolean {
  let last = -1;
  let quietSince = 0;
  return () => {
    const now = performance.now();
    if (count() !== last) {
      last = count();
      quietSince = now;
    }
    return last > 0 && now - quietSince > 100;
  };
}

test('a client that reads slowly stops the workload, and gets everything in the end', async () => {
  await using world = await World.open();
  let sent = 0;
  await world.http('a1', (_, res) => {
    const chunk = Buffer.alloc(100_000, 'x');
    const more = () => {
      while (sent < size) {
        sent += chunk.length;
        if (!res.write(chunk)) return;
      }
      res.end();
    };
    res.on('drain', more);
    more();
  });
  const res = await world.begin('a1');
  await until(
    settled(() => sent),
    () => 'the workload to be stopped',
  );
  assert.ok(sent < size / 2, `${sent} bytes are under way`);
  let received = 0;
  for await (const chunk of res) received += chunk.length;
  assert.equal(received, size);
});

test('a workload that reads slowly stops the client, and gets everything in the end', async () => {
  await using world = await World.open();
  const { promise: mayRead, resolve: read } = Promise.withResolvers<void>();
  await world.http('a1', (req, res) => {
    let length = 0;
    const begin = () =>
      req.on('data', chunk => {
        length += chunk.length;
      });
    mayRead.then(begin, () => {});
    req.on('end', () => res.end(`got ${length}.`));
  });
  const client = await world.dial();
  client.write(`POST / HTTP/1.1\r\nHost: a1.localhost\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const chunk = `186a0\r\n${'x'.repeat(100_000)}\r\n`;
  let sent = 0;
  const more = (): void => {
    while (sent < size) {
      sent += 100_000;
      if (!client.socket.write(chunk)) return;
    }
    client.socket.write('0\r\n\r\n');
    client.socket.off('drain', more);
  };
  client.socket.on('drain', more);
  more();
  await until(
    settled(() => sent),
    () => 'the client to be stopped',
  );
  assert.ok(sent < size / 2, `${sent} bytes are under way`);
  read();
  await client.until(`got ${size}.`);
});

test('a tunnel stops whoever writes more than the other side reads', async () => {
  await using world = await World.open();
  let sent = 0;
  await world.tcp('a1', socket => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n');
      const chunk = Buffer.alloc(100_000, 'x');
      const more = () => {
        while (sent < size) {
          sent += chunk.length;
          if (!socket.write(chunk)) return;
        }
        socket.end();
      };
      socket.on('drain', more);
      more();
    });
  });
  const client = await world.dial();
  client.write('GET / HTTP/1.1\r\nHost: a1.localhost\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n');
  await client.until('\r\n\r\n');
  client.socket.pause();
  await until(
    settled(() => sent),
    () => 'the workload to be stopped',
  );
  assert.ok(sent < size / 2, `${sent} bytes are under way`);
  const before = client.received.length;
  let received = before;
  client.socket.removeAllListeners('data');
  client.socket.on('data', chunk => {
    received += chunk.length;
  });
  client.socket.resume();
  await client.untilEnd();
  assert.equal(received - client.received.indexOf('\r\n\r\n') - 4, size);
});
