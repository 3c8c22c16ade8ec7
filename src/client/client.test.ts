import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { BerthClient } from './index.ts';

type Answer = (req: IncomingMessage, res: ServerResponse) => unknown;

async function serve(t: TestContext, answer: Answer): Promise<BerthClient> {
  const server = createServer((req, res) => void answer(req, res)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return new BerthClient({ url: `http://127.0.0.1:${port}/`, token: 'pub.secret' });
}

test('a request carries the token and its JSON, and names are escaped', async t => {
  let seen: unknown;
  const client = await serve(t, async (req, res) => {
    const body = (await req.toArray()).join('');
    seen = { method: req.method, url: req.url, authorization: req.headers.authorization, body };
    res.end('{"name":"abc","spawned":true}');
  });
  const result = await client.services.spawn('a/b', 'web', { lock: 'doc 1' });
  assert.equal(result.name, 'abc');
  assert.deepEqual(seen, {
    method: 'POST',
    url: '/user/a%2Fb/service/web/spawn',
    authorization: 'Bearer pub.secret',
    body: '{"lock":"doc 1"}',
  });
});

test('an error answer becomes an error with code, status and request id', async t => {
  const client = await serve(t, (_, res) => {
    const error = { message: 'service not found', status: 404, code: 'NotFound', id: 'req_1' };
    res.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
  });
  await assert.rejects(client.services.delete('admin', 'nope'), {
    name: 'ApiError',
    message: 'service not found',
    code: 'NotFound',
    status: 404,
    requestId: 'req_1',
  });
});

test('an error answer of something else than Berth is still told', async t => {
  const client = await serve(t, (_, res) => res.writeHead(502).end('<h1>Bad gateway</h1>'));
  await assert.rejects(client.identity(), { code: 'Http502', message: 'HTTP status 502' });
});

test('an answer that is not JSON is told as a connection to the wrong server', async t => {
  const client = await serve(t, (_, res) => res.end('<h1>Welcome</h1>'));
  await assert.rejects(client.identity(), { name: 'ConnectionError' });
});

test('a server that is not there is told with its URL', async () => {
  const client = new BerthClient({ url: 'http://127.0.0.1:1' });
  await assert.rejects(client.identity(), { name: 'ConnectionError', url: 'http://127.0.0.1:1' });
});

test('states are followed across a cut connection until the backend has ended', async t => {
  const asked: (string | undefined)[] = [];
  const event = (id: number, state: string) =>
    `id: ${id}\ndata: ${JSON.stringify({ state, time: '', backend: 'b' })}\n\n`;
  const client = await serve(t, (req, res) => {
    asked.push(req.headers['last-event-id']?.toString());
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    if (asked.length === 1) {
      res.write(event(1, 'Loading') + event(2, 'Ready'), () => res.destroy());
    } else {
      res.write(event(5, 'Exited'));
    }
  });
  const states: string[] = [];
  for await (const { state } of client.backends.states('b')) states.push(state);
  assert.deepEqual(states, ['Loading', 'Ready', 'Exited']);
  assert.deepEqual(asked, [undefined, '2']);
});

test('followed logs end when their stream and the backend have ended', async t => {
  let streams = 0;
  const client = await serve(t, (req, res) => {
    if (req.url?.endsWith('/status')) {
      res.end(JSON.stringify({ state: streams > 1 ? 'Exited' : 'Ready', time: '', backend: 'b' }));
      return;
    }
    streams += 1;
    res.end(`id: ${streams}\ndata: line ${streams}\n\n`);
  });
  const lines: string[] = [];
  for await (const line of client.backends.logs('b', { tail: 5 })) lines.push(line);
  assert.deepEqual(lines, ['line 1', 'line 2']);
});
