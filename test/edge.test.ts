import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request as openRequest } from 'node:http';
import { connect } from 'node:net';
import { before, test } from 'node:test';
import {
  assertRefused,
  type Echo,
  eventually,
  forEachRuntime,
  readEvents,
  type SendOptions,
  send,
  type TestBackend,
  within,
} from './support/index.ts';

forEachRuntime('requests through the edge', {}, world => {
  let echo: TestBackend;
  let stream: TestBackend;

  before(async () => {
    [echo, stream] = await Promise.all([world.ready('echo.js'), world.ready('stream.js')]);
  });

  const ask = async (path: string, options?: SendOptions): Promise<Echo> => {
    return (await echo.request(path, options)).ok<Echo>();
  };

  test('path and query arrive as they were sent', async () => {
    for (const path of [
      '/',
      '/a//b/../c/./%2e%2F?x=%20&y&&z=1+2#',
      '/?',
      '//x',
      '/%zz%00',
      `/${'a'.repeat(8_000)}`,
    ]) {
      const sent = path.replace('#', '');
      assert.equal((await ask(sent)).url, sent);
    }
  });

  test('every method arrives', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'REPORT']) {
      assert.equal((await ask('/', { method })).method, method);
    }
    const head = await echo.request('/', { method: 'HEAD' });
    assert.deepEqual([head.status, head.bytes.length], [200, 0]);
  });

  test('the program sees who asked, by which host and scheme', async () => {
    const { headers } = await ask('/a/b?c');
    assert.equal(headers.host, echo.host);
    assert.equal(headers['x-forwarded-for'], '127.0.0.1');
    assert.equal(headers['x-forwarded-proto'], 'http');
    assert.equal(headers['x-forwarded-host'], echo.host);
    assert.equal(headers['x-verified-path'], '/a/b');
    assert.equal(headers['x-verified-backend'], echo.id);
    const further = await ask('/', {
      headers: { 'x-forwarded-for': '10.0.0.1', 'x-forwarded-proto': 'gopher' },
    });
    assert.equal(further.headers['x-forwarded-for'], '10.0.0.1, 127.0.0.1');
    assert.equal(further.headers['x-forwarded-proto'], 'http');
  });

  test('nobody can pretend to be verified', async () => {
    const { headers } = await ask('/', {
      headers: {
        'x-verified-username': 'eve',
        'X-Verified-User-Data': '{"admin":true}',
        'x-verified-secret': 's',
        'x-verified-backend': 'another',
        'x-verified-path': '/other',
        'x-verified-anything': '1',
      },
    });
    const verified = Object.entries(headers).filter(([name]) => name.startsWith('x-verified-'));
    assert.deepEqual(Object.fromEntries(verified), {
      'x-verified-path': '/',
      'x-verified-backend': echo.id,
    });
  });

  test('headers of one connection stay behind, others pass', async () => {
    const { headers } = await ask('/', {
      headers: {
        connection: 'close, x-mine',
        'x-mine': '1',
        te: 'trailers',
        'keep-alive': 'timeout=5',
        'proxy-authorization': 'Basic x',
        cookie: 'a=b',
        authorization: 'Bearer of-the-program',
        'x-other': 'stays',
      },
    });
    for (const name of ['x-mine', 'keep-alive', 'te']) assert.equal(headers[name], undefined, name);
    assert.equal(headers.cookie, 'a=b');
    assert.equal(headers.authorization, 'Bearer of-the-program');
    assert.equal(headers['x-other'], 'stays');
  });

  test('an answer names its backend and may be read by every page, unless the program says otherwise', async () => {
    const { headers } = await echo.request('/');
    assert.equal(headers['x-berth-backend-id'], echo.id);
    assert.equal(headers['access-control-allow-origin'], '*');
    assert.equal(headers['access-control-allow-methods'], '*');
    assert.equal(headers['access-control-allow-headers'], '*, Authorization');
    const own = await echo.request('/own-cors');
    assert.equal(own.headers['access-control-allow-origin'], 'https://example.org');
    assert.equal(own.headers['access-control-allow-methods'], undefined);
    assert.equal(own.headers['access-control-allow-headers'], undefined);
  });

  test('the host is recognised in any case, with or without port and final dot', async () => {
    for (const host of [`${echo.id}.localhost`, echo.host.toUpperCase(), `${echo.id}.localhost.:1`]) {
      assert.equal((await ask('/', { headers: { host } })).headers['x-verified-backend'], echo.id);
    }
  });

  test('other hosts are the API', async () => {
    for (const host of [
      'localhost',
      '127.0.0.1',
      'example.org',
      `a.${echo.id}.localhost`,
      `${echo.id}localhost`,
    ]) {
      const { status } = await send(`${world.server.url}/healthz`, { headers: { host } });
      assert.equal(status, 200, host);
    }
  });

  test('an answer comes as it is written', async () => {
    const response = await stream.open('/drip?chunks=4&ms=500');
    const arrivals: number[] = [];
    let text = '';
    for await (const chunk of response) {
      text += String(chunk);
      arrivals.push(performance.now());
    }
    assert.equal(text, 'chunk 1\nchunk 2\nchunk 3\nchunk 4\n');
    assert.ok((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0) > 500, 'it came in one piece');
  });

  test('server-sent events come as they are written', async () => {
    const response = await stream.open('/events?chunks=3&ms=600');
    const seen: { data: string; at: number }[] = [];
    for await (const { data } of readEvents(response)) seen.push({ data, at: performance.now() });
    assert.deepEqual(
      seen.map(({ data }) => data),
      ['1', '2', '3'],
    );
    assert.ok((seen[2]?.at ?? 0) - (seen[0]?.at ?? 0) > 300);
  });

  test('a request is passed on as it comes, while the answer comes back', async () => {
    const outgoing = openRequest(`${world.server.url}/upload`, {
      method: 'POST',
      headers: { host: stream.host },
      agent: false,
    });
    outgoing.write('12345');
    const [response] = (await within('the head of the answer', once(outgoing, 'response'))) as [
      IncomingMessage,
    ];
    response.setEncoding('utf8');
    assert.equal((await within('the first count', once(response, 'data')))[0], '5\n');
    outgoing.write('67890');
    assert.equal((await within('the second count', once(response, 'data')))[0], '10\n');
    outgoing.end();
    await within('the end', once(response, 'end'));
  });

  test('a body of 32 MiB passes', async () => {
    const body = Buffer.alloc(32 * 1024 * 1024, 'x');
    const { text } = await stream.request('/upload', { method: 'POST', body });
    assert.ok(text.endsWith(`\n${body.length}\n`) || text === `${body.length}\n`, text.slice(-40));
  });

  test('bodies arrive byte by byte the same', async () => {
    const body = 'ünï €\0\r\n\r\n0\r\n\r\n';
    assert.equal((await ask('/', { method: 'POST', body })).body, body);
    const options = { method: 'PUT', headers: { 'transfer-encoding': 'chunked' }, body: 'in chunks' };
    assert.equal((await ask('/', options)).body, 'in chunks');
    assert.equal((await ask('/', { method: 'POST', headers: { 'content-length': '0' } })).body, '');
  });

  test('requests on one connection are answered in order', async () => {
    const socket = connect(world.server.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', chunk => {
      text += chunk as unknown as string;
    });
    const heads = ['/hold?ms=200', '/drip?chunks=1', '/hold?ms=50'].map(
      path => `GET ${path} HTTP/1.1\r\nHost: ${stream.host}\r\n\r\n`,
    );
    socket.write(heads.join(''));
    await eventually('three answers', () => (text.match(/at last/g) ?? []).length === 2);
    assert.match(text, /at last.*chunk 1.*at last/s);
    socket.destroy();
  });

  test('a client of HTTP/1.0 is served', async () => {
    const socket = connect(world.server.port, '127.0.0.1');
    socket.write(`GET /drip?chunks=2 HTTP/1.0\r\nHost: ${stream.host}\r\n\r\n`);
    let text = '';
    for await (const chunk of socket.setEncoding('utf8')) text += chunk as string;
    assert.match(text, /^HTTP\/1\.[01] 200 /);
    assert.match(text, /\r\n\r\nchunk 1\nchunk 2\n$/);
  });

  test('an unknown backend is not found', async () => {
    for (const id of ['nope', 'a'.repeat(16), 'a'.repeat(63)]) {
      const host = `${id}.localhost`;
      const answer = await send(`${world.server.url}/`, { headers: { host } });
      assert.match(assertRefused(answer, 404, 'NotFound'), new RegExp(id));
      assert.equal(answer.headers['access-control-allow-origin'], '*');
    }
  });

  test('refusals are pages for those who prefer pages', async () => {
    const headers = { host: 'nope.localhost', accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
    const answer = await send(`${world.server.url}/`, { headers });
    assert.equal(answer.status, 404);
    assert.match(String(answer.headers['content-type']), /^text\/html/);
    assert.match(answer.text, /<html/);
  });
});
