import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequestHead } from './request-head.ts';
import { World } from './testing/world.ts';

const ambiguous = {
  'Content-Length together with Transfer-Encoding': 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
  'Transfer-Encoding together with Content-Length': 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n',
  'two lengths': 'Content-Length: 5\r\nContent-Length: 6\r\n',
  'a list of lengths': 'Content-Length: 5, 5\r\n',
  'a signed length': 'Content-Length: +5\r\n',
  'a coding that is not chunked': 'Transfer-Encoding: gzip\r\n',
  'chunked before another coding': 'Transfer-Encoding: chunked, gzip\r\n',
  'another coding before chunked': 'Transfer-Encoding: gzip, chunked\r\n',
  'chunked twice': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
  'a hidden coding': 'Transfer-Encoding: \x0bchunked\r\n',
  'a space before the colon': 'Transfer-Encoding : chunked\r\n',
  'two hosts': 'Host: b2.localhost\r\n',
};

for (const [what, headers] of Object.entries(ambiguous)) {
  test(`${what} is refused and nothing reaches the workload`, async () => {
    await using world = await World.open();
    let requests = 0;
    await world.http('a1', (_, res) => {
      requests++;
      res.end();
    });
    const client = await world.dial();
    client.write(
      `POST / HTTP/1.1\r\nHost: a1.localhost\r\n${headers}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n`,
    );
    const received = await client.untilEnd();
    assert.match(received, /^HTTP\/1.1 400 [\s\S]*"code":"BadRequest"/);
    assert.equal(received.match(/HTTP\/1.1 /g)?.length, 1);
    assert.equal(requests, 0);
  });
}

test('the edge itself refuses what a listener with a lenient parser lets through', () => {
  const problemOf = (...raw: string[]) => readRequestHead(raw).problem;
  assert.match(problemOf('content-length', '1', 'Transfer-Encoding', 'chunked') ?? '', /together/);
  assert.match(problemOf('content-length', '1', 'Content-Length', '1') ?? '', /more than one/);
  assert.match(problemOf('Transfer-Encoding', 'gzip') ?? '', /other than chunked/);
  assert.equal(problemOf('Transfer-Encoding', 'Chunked'), undefined);
});

test('an upgrade with a body is refused', async () => {
  await using world = await World.open();
  await world.http('a1', (_, res) => res.end());
  const client = await world.dial();
  client.write(
    'POST / HTTP/1.1\r\nHost: a1.localhost\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 3\r\n\r\nabc',
  );
  assert.match(await client.untilEnd(), /^HTTP\/1.1 400 /);
});
