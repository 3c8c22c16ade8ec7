import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { berthWith } from '../testing/fake-server.ts';
import { TestStreams } from '../testing/streams.ts';

interface Session {
  readonly socket: WebSocket;
  readonly query: URLSearchParams;
  /** What came: texts as they are, bytes with their prefix. */
  readonly came: string[];
  readonly tell: (message: object) => void;
  /** Waits until all of this has come. */
  readonly until: (expected: string) => Promise<void>;
}

/** A server whose sessions are played by the test. */
async function serveSessions(
  t: TestContext,
  play: (session: Session) => unknown,
): Promise<{ env: NodeJS.ProcessEnv; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = [];
  const http = createServer((_, res) => {
    res.end(JSON.stringify({ name: 'box', environment: { FROM: 'sprite', A: 'old' } }));
  }).listen(0, '127.0.0.1');
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket, request) => {
    requests.push(request);
    const came: string[] = [];
    const until = async (expected: string): Promise<void> => {
      const limit = AbortSignal.timeout(20_000);
      while (!came.join('|').includes(expected)) await once(socket, 'message', { signal: limit });
    };
    socket.on('message', data => came.push((data as Buffer).toString()));
    const { searchParams: query } = new URL(request.url ?? '', 'http://host');
    void play({ socket, query, came, until, tell: message => socket.send(JSON.stringify(message)) });
  });
  await once(http, 'listening');
  t.after(() => {
    for (const client of sockets.clients) client.terminate();
    http.closeAllConnections();
    http.close();
  });
  const { port } = http.address() as AddressInfo;
  return { env: { BERTH_URL: `http://127.0.0.1:${port}`, BERTH_TOKEN: 'a.b', TERM: 'vt100' }, requests };
}

function begin({ tell }: Session, tty = false): void {
  tell({ type: 'session_info', session_id: 's1', command: 'sh', tty });
}

function end({ socket, tell }: Session, exitCode: number, tty = false): void {
  if (!tty) socket.send(Buffer.of(3, exitCode));
  tell({ type: 'exit', exit_code: exitCode });
  socket.close(tty && exitCode !== 0 ? 4000 : 1000);
}

test('exec passes on both outputs, input, its end, and the exit code', async t => {
  const { env, requests } = await serveSessions(t, async session => {
    begin(session);
    session.tell({ type: 'keepalive' });
    session.socket.send(Buffer.from('\u0001out\n'));
    session.socket.send(Buffer.from('\u0002err\n'));
    await session.until('\u0000typed|\u0004');
    end(session, 7);
  });
  const streams = new TestStreams();
  streams.stdin.end('typed');
  const args = ['exec', 'box', '-e', 'A=new', '--dir', '/tmp', '--', 'sh', '-c', 'exit 7'];
  const { exitCode, err } = await berthWith({ streams }, env, 'sprite', ...args);
  assert.deepEqual([exitCode, err], [7, '']);
  assert.deepEqual(streams.written, { stdout: 'out\n', stderr: 'err\n' });
  const { pathname, searchParams } = new URL(requests[0]?.url ?? '', 'http://host');
  assert.equal(pathname, '/v1/sprites/box/exec');
  assert.deepEqual(searchParams.getAll('cmd'), ['sh', '-c', 'exit 7']);
  assert.deepEqual(searchParams.getAll('env'), ['FROM=sprite', 'A=new']);
  assert.deepEqual([searchParams.get('dir'), searchParams.get('tty')], ['/tmp', null]);
  assert.equal(requests[0]?.headers.authorization, 'Bearer a.b');
});

test('exec sends signals on, and gives up at the third interrupt', async t => {
  const streams = new TestStreams();
  const { env } = await serveSessions(t, async session => {
    begin(session);
    streams.stdin.end();
    await session.until('\u0004');
    streams.signal('SIGTERM');
    await session.until('{"type":"signal","signal":"SIGTERM"}');
    streams.signal('SIGINT');
    streams.signal('SIGINT');
    await session.until('SIGINT"}|{"type":"signal","signal":"SIGINT"}');
    streams.signal('SIGINT');
  });
  const { exitCode, err } = await berthWith({ streams }, env, 'sprite', 'exec', 'box', '--', 'sleep', '9');
  assert.equal(exitCode, 130);
  assert.match(err, /berth sprite attach box s1/);
});

test('exec --json prints what came, at the end', async t => {
  const { env } = await serveSessions(t, session => {
    begin(session);
    session.socket.send(Buffer.from('\u0001one\n'));
    end(session, 3);
  });
  const streams = new TestStreams();
  const args = ['exec', 'box', '--json', '--no-stdin', '--', 'x'];
  const { exitCode, out } = await berthWith({ streams }, env, 'sprite', ...args);
  assert.equal(exitCode, 3);
  assert.deepEqual(JSON.parse(out), { exit_code: 3, stdout: 'one\n', stderr: '' });
});

test('a connection that breaks off is no exit code of the command', async t => {
  const { env } = await serveSessions(t, session => {
    begin(session);
    session.socket.send(Buffer.from('\u0001half'), () => session.socket.terminate());
  });
  const streams = new TestStreams();
  const { exitCode, err } = await berthWith({ streams }, env, 'sprite', 'exec', 'box', '--', 'x');
  assert.equal(exitCode, 125);
  assert.equal(streams.written.stdout, 'half');
  assert.match(err, /the connection broke off/);
  const stopped = await serveSessions(t, session => {
    begin(session);
    session.socket.close(1011);
  });
  const told = await berthWith({ streams }, stopped.env, 'sprite', 'exec', 'box', '--', 'x');
  assert.equal(told.exitCode, 125);
  assert.match(told.err, /the sprite or its server stopped/);
});

test('a console is raw while it lasts, tells its size, and ends with the code of its shell', async t => {
  const streams = new TestStreams({ rows: 30, cols: 90 });
  let wasRaw = false;
  const { env } = await serveSessions(t, async session => {
    begin(session, true);
    assert.deepEqual(
      [session.query.get('tty'), session.query.get('rows'), session.query.get('cols')],
      ['true', '30', '90'],
    );
    assert.deepEqual(session.query.getAll('env'), ['FROM=sprite', 'A=old', 'TERM=vt100']);
    session.socket.send(Buffer.from('$ '));
    await session.until('"rows":30,"cols":90');
    wasRaw = streams.raw;
    streams.stdin.write('ls\r');
    await session.until('ls\r');
    streams.resize({ rows: 10, cols: 20 });
    await session.until('"rows":10,"cols":20');
    end(session, 4, true);
  });
  const { exitCode, err } = await berthWith({ streams }, env, 'sprite', 'console', 'box');
  assert.deepEqual([exitCode, err], [4, '']);
  assert.deepEqual([wasRaw, streams.raw], [true, false]);
  assert.equal(streams.written.stdout, '$ ');
});

test('the detach key leaves a console, after what was typed before it', async t => {
  const streams = new TestStreams({ rows: 30, cols: 90 });
  let came: readonly string[] = [];
  const { env } = await serveSessions(t, async session => {
    begin(session, true);
    ({ came } = session);
    streams.stdin.write('top\r\u001cnever');
  });
  const { exitCode, err } = await berthWith({ streams }, env, 'sprite', 'console', 'box');
  assert.equal(exitCode, 0);
  assert.match(err, /berth sprite attach box s1/);
  assert.equal(streams.raw, false);
  assert.deepEqual(
    came.filter(message => !message.startsWith('{')),
    ['top\r'],
  );
});

test('a console needs a terminal, and a refusal is told', async t => {
  const { env } = await serveSessions(t, () => assert.fail('nothing may be asked for'));
  const streams = new TestStreams();
  const alone = await berthWith({ streams }, env, 'sprite', 'console', 'box');
  assert.equal(alone.exitCode, 2);
  assert.match(alone.err, /berth sprite exec box -- COMMAND/);

  const refusing = createServer().listen(0, '127.0.0.1');
  refusing.on('upgrade', (_, socket) => {
    const body = '{"error":"sprite not found","message":"there is no sprite \\"box\\""}';
    socket.end(
      `HTTP/1.1 404 Not Found\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    );
  });
  await once(refusing, 'listening');
  t.after(() => refusing.close());
  const { port } = refusing.address() as AddressInfo;
  const there = { ...env, BERTH_URL: `http://127.0.0.1:${port}` };
  const told = await berthWith({ streams }, there, 'sprite', 'exec', 'box', '--', 'ls');
  assert.equal(told.exitCode, 125);
  assert.match(told.err, /there is no sprite "box"\nSee what there is: `berth sprite list`/);
});
