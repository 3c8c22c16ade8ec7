import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  adminToken,
  allEvents,
  assertRefused,
  eventually,
  forEachRuntime,
  readEvents,
  type TestBackend,
  type World,
  within,
} from './support/index.ts';

const explicit = { accept: 'text/event-stream' };
forEachRuntime('status streams', { runtimes: ['process'] }, world => {
  test('with Accept each event has an id, without it nothing but data', async () => {
    const backend = await endedBackend(world);
    const path = `/backend/${backend.id}/status/stream`;
    const states = (await backend.states()).map(status => JSON.stringify(status));
    const ids = await idsOf(world, path);
    const withIds = states.map((data, n) => `id: ${ids[n]}\ndata: ${data}\n\n`).join('');
    const withoutIds = states.map(data => `data: ${data}\n\n`).join('');
    for (const accept of ['text/event-stream', 'text/html, text/event-stream;q=0.5', 'TEXT/Event-Stream']) {
      assert.equal(await bodyOf(world, path, { accept }), withIds, accept);
    }
    for (const headers of [{}, { accept: '*/*' }, { accept: 'text/*' }, { accept: 'application/json' }]) {
      assert.equal(await bodyOf(world, path, headers), withoutIds);
    }
  });

  test('its head says that it is an event stream for everybody', async () => {
    const backend = await endedBackend(world);
    const response = await openStream(world, `/backend/${backend.id}/status/stream`, explicit);
    response.resume();
    const { headers } = response;
    assert.equal(headers['content-type'], 'text/event-stream');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['x-accel-buffering'], 'no');
    assert.equal(headers['access-control-allow-origin'], '*');
    assert.equal(headers['content-encoding'], undefined);
    assert.match(String(headers['x-request-id']), /^req_/);
  });

  test('each event is a chunk of its own', async () => {
    const backend = await endedBackend(world);
    const raw = await rawGet(world, `/backend/${backend.id}/status/stream`);
    const body = raw.slice(raw.indexOf('\r\n\r\n') + 4);
    const chunks = body.split(/(?:^|\r\n)[0-9a-f]+\r\n/).filter(chunk => chunk.startsWith('data: '));
    assert.equal(chunks.length, 4);
    for (const chunk of chunks) assert.match(chunk, /^data: \{[^\n]*\}\n\n$/);
  });

  test('Last-Event-ID resumes behind that event; what can not be read is the start', async () => {
    const backend = await endedBackend(world);
    const path = `/backend/${backend.id}/status/stream`;
    const ids = await idsOf(world, path);
    assert.deepEqual(
      ids,
      [...new Set(ids)].sort((a, b) => a - b),
    );
    for (const [n, id] of ids.entries()) {
      assert.deepEqual(await idsOf(world, path, { 'last-event-id': String(id) }), ids.slice(n + 1));
    }
    for (const bad of ['', 'x', '-1', '1.5', '9'.repeat(30)]) {
      assert.deepEqual(await idsOf(world, path, { 'last-event-id': bad }), ids, JSON.stringify(bad));
    }
  });

  test('whoever comes at any moment sees every state once, in order', async () => {
    const service = await world.service('late.js', { args: ['200'] });
    const backend = await world.spawn(service);
    const streams: Promise<string[]>[] = [];
    const look = async () => (await backend.states()).map(({ state }) => state);
    const coming = setInterval(() => streams.push(look()), 10);
    await backend.reaches('Ready');
    await backend.terminate();
    await backend.reaches('Terminated');
    clearInterval(coming);
    assert.ok(streams.length > 10);
    for (const states of await Promise.all(streams)) {
      assert.deepEqual(states, ['Loading', 'Starting', 'Ready', 'Terminated']);
    }
  });

  test('an event comes at once', async () => {
    const backend = await world.ready('echo.js');
    const response = await openStream(world, `/backend/${backend.id}/status/stream`);
    const arrivals: { state: string; lateMs: number }[] = [];
    const reading = (async () => {
      for await (const { data } of readEvents(response)) {
        const { state, time } = JSON.parse(data) as { state: string; time: string };
        arrivals.push({ state, lateMs: Date.now() - Date.parse(time) });
      }
    })();
    await eventually('the replay', () => arrivals.length === 3);
    await backend.terminate();
    await within('the end', reading);
    const last = arrivals.at(-1);
    assert.equal(last?.state, 'Terminated');
    assert.ok(last.lateMs < 5_000, `${last.lateMs} ms`);
  });

  test('web pages may read them, errors too, and ask beforehand', async () => {
    const backend = await endedBackend(world);
    for (const prefix of ['', '/v1']) {
      for (const id of [backend.id, 'nope']) {
        for (const path of [`${prefix}/backend/${id}/status`, `${prefix}/backend/${id}/status/stream`]) {
          const options = { token: null, headers: { origin: 'https://example.org' } };
          const answer = await world.api(path, options);
          assert.equal(answer.headers['access-control-allow-origin'], '*', path);
          if (id === 'nope') assertRefused(answer, 404, 'NotFound');
          const preflight = await world.api(path, { ...options, method: 'OPTIONS' });
          assert.equal(preflight.status, 204);
          assert.deepEqual(
            ['origin', 'methods', 'headers'].map(name => preflight.headers[`access-control-allow-${name}`]),
            ['*', 'GET, POST, OPTIONS', '*, Authorization, Content-Type, Last-Event-ID'],
          );
          assert.equal(preflight.headers['access-control-max-age'], '86400');
          const wrong = await world.api(path, { ...options, method: 'DELETE' });
          assertRefused(wrong, 405, 'MethodNotAllowed');
          assert.equal(wrong.headers['access-control-allow-origin'], '*', `405 of ${path}`);
        }
      }
    }
    const other = await world.api(`/backend/${backend.id}`, { headers: { origin: 'https://example.org' } });
    assert.equal(other.headers['access-control-allow-origin'], undefined);
  });

  test('HEAD answers at once, without a body', async () => {
    const backend = await world.ready('echo.js');
    for (const path of ['status', 'status/stream', 'logs', 'ready']) {
      const answer = await world.api(`/backend/${backend.id}/${path}`, { method: 'HEAD' });
      assert.ok([200, 405].includes(answer.status), `${path}: ${answer.status}`);
      assert.equal(answer.bytes.length, 0);
    }
  });

  test('a stray query of a browser client changes nothing', async () => {
    const backend = await endedBackend(world);
    for (const query of ['?}', '?_=1', '?cache=%zz']) {
      const answer = await world.api(`/backend/${backend.id}/status${query}`, { token: null });
      assert.equal(answer.ok().state, 'Terminated');
      assert.equal((await idsOf(world, `/backend/${backend.id}/status/stream${query}`)).length, 4);
    }
  });
});

forEachRuntime('log streams', {}, world => {
  test('lines of both outputs come in the order in which they were written, whole, and then it closes', async () => {
    const backend = await world.spawn(await world.service('both.js', { args: ['200'] }));
    const lines = await backend.log();
    assert.deepEqual(
      lines.filter(line => line.startsWith('out')),
      Array.from({ length: 200 }, (_, n) => `out ${n}`),
    );
    assert.deepEqual(
      lines.filter(line => line.startsWith('err')),
      Array.from({ length: 200 }, (_, n) => `err ${n}`),
    );
  });

  test('whoever comes early and whoever comes late read the same', async () => {
    const backend = await world.spawn(await world.service('writer.js', { args: ['300', '1'] }));
    const expected = Array.from({ length: 300 }, (_, n) => `line ${n + 1}`);
    const early = backend.log();
    await backend.reaches('Ready');
    const middle = backend.log();
    await eventually('all lines', async () => (await backend.request('/')).text === '300');
    await backend.terminate();
    await backend.reaches('Terminated');
    for (const lines of await Promise.all([early, middle, backend.log(), backend.log('?follow=true')])) {
      assert.deepEqual(lines, expected);
    }
  });

  test('a line comes at once', async () => {
    const backend = await world.ready('echo.js');
    const response = await openStream(world, `/backend/${backend.id}/logs`);
    const lines: string[] = [];
    const reading = (async () => {
      for await (const { data } of readEvents(response)) lines.push(data);
    })();
    await eventually('the first line', () => lines.length === 1);
    const delaysMs: number[] = [];
    for (let n = 2; n <= 6; n += 1) {
      const sentAt = Date.now();
      await backend.request(`/log?text${n}`);
      await eventually('the line', () => lines.length === n);
      delaysMs.push(Date.now() - sentAt);
    }
    // The machine may be busy with something else at one of them.
    assert.ok(Math.min(...delaysMs) < 500, `${delaysMs.join(', ')} ms`);
    response.destroy();
    await reading.catch(() => {});
  });

  test('tail is the last lines first; follow=false ends with what there is', async () => {
    const backend = await world.ready('writer.js', {}, { args: ['50'] });
    await eventually('50 lines', async () => (await backend.log('?follow=false')).length === 50);
    const numbers = async (query: string) =>
      (await backend.log(query)).map(line => Number(line.split(' ')[1]));
    assert.deepEqual(await numbers('?tail=3&follow=false'), [48, 49, 50]);
    assert.deepEqual(await numbers('?tail=0&follow=false'), []);
    assert.deepEqual((await numbers('?tail=100000&follow=false')).length, 50);
    const following = numbers('?tail=2&follow=true');
    const nothing = numbers('?tail=0');
    await backend.terminate();
    assert.deepEqual(await within('its end', following), [49, 50]);
    assert.deepEqual(await within('its end', nothing), []);
    assert.deepEqual(await numbers('?tail=1'), [50]);
  });

  test('ids resume a log behind the last line that was read', async () => {
    const backend = await world.ready('writer.js', {}, { args: ['20'] });
    await backend.terminate();
    await backend.reaches('Terminated');
    const path = `/backend/${backend.id}/logs`;
    const events = await allEvents(await openStream(world, path, explicit));
    const ids = events.map(({ id }) => id ?? 0);
    assert.deepEqual(
      ids,
      [...new Set(ids)].sort((a, b) => a - b),
    );
    const rest = await openStream(world, path, { ...explicit, 'last-event-id': String(ids[14]) });
    assert.deepEqual(await allEvents(rest), events.slice(15));
    const again = await openStream(world, path, { ...explicit, 'last-event-id': 'nonsense' });
    assert.deepEqual(await allEvents(again), events);
  });

  test('lines end at LF, CR LF and CR; empty ones count; an unfinished one comes at the end', async () => {
    for (const output of ['stdout', 'stderr']) {
      const text = 'a\nb\r\nc\rd\n\n\r\n  e\t \ndata: x\n:\nlast';
      const backend = await saying(world, text, output);
      const raw = await bodyOf(world, `/backend/${backend.id}/logs`, {});
      const lines = ['a', 'b', 'c', 'd', '', '', '  e\t ', 'data: x', ':', 'last'];
      assert.equal(raw, lines.map(line => `data: ${line}\n\n`).join(''));
    }
  });

  test('what is no UTF-8 is replaced, and what is stays whole', async () => {
    const bytes = Buffer.concat([
      Buffer.from('ünï 💥 €\n'),
      Buffer.from([0x61, 0xff, 0x62, 0x0a]),
      Buffer.from([0xe2, 0x82, 0x0a]),
      Buffer.from([0x00, 0x1b, 0x5b, 0x33, 0x31, 0x6d, 0x0a]),
    ]);
    const backend = await saying(world, bytes);
    assert.deepEqual(await backend.log(), ['ünï 💥 €', 'a\uFFFDb', '\uFFFD', '\0\x1b[31m']);
  });

  test('a line of more than 15 KiB is split between characters', async () => {
    const long = `${'💥'.repeat(20_000)}!`;
    const backend = await saying(world, `${long}\nshort\n`);
    const lines = await backend.log();
    assert.equal(lines.pop(), 'short');
    assert.ok(lines.length > 1);
    for (const line of lines) assert.ok(Buffer.byteLength(line) <= 15 * 1024, `${Buffer.byteLength(line)}`);
    assert.equal(lines.join(''), long);
  });

  test('an event is never longer than 16 KiB', async () => {
    const backend = await saying(world, `${'x'.repeat(90_000)}\n`);
    const raw = await rawGet(world, `/backend/${backend.id}/logs`, explicit);
    const sizes = [...raw.matchAll(/(?:^|\r\n)([0-9a-f]+)\r\n(?=id: )/g)].map(([, hex]) =>
      Number.parseInt(hex ?? '', 16),
    );
    assert.ok(sizes.length >= 6);
    assert.ok(Math.max(...sizes) <= 16 * 1024, String(Math.max(...sizes)));
  });

  test('100,000 lines come complete, also to a slow reader', { timeout: 60_000 }, async () => {
    const count = 100_000;
    const backend = await world.spawn(await world.service('writer.js', { args: [String(count)] }));
    const slow = readSlowly(await openStream(world, `/backend/${backend.id}/logs`));
    await backend.reaches('Ready');
    await eventually('all lines', async () => (await backend.request('/')).text === String(count), 30_000);
    await backend.terminate();
    const fast = await backend.log();
    const expected = Array.from({ length: count }, (_, n) => `line ${n + 1}`);
    assertSame(fast, expected);
    const text = await within('the end of the slow reader', slow, 40_000);
    assertSame(
      [...text.matchAll(/^data: (.*)\n\n/gm)].map(([, line]) => line ?? ''),
      expected,
    );
    assertSame(await backend.log('?tail=5'), expected.slice(-5));
  });

  test('a reader that stops reading does not hold up the server or others', async () => {
    const backend = await world.spawn(await world.service('writer.js', { args: ['60000'] }));
    const stuck = await openStream(world, `/backend/${backend.id}/logs`);
    stuck.pause();
    await backend.reaches('Ready');
    await eventually('all lines', async () => (await backend.request('/')).text === '60000', 30_000);
    await backend.terminate();
    assert.equal((await backend.log()).length, 60_000);
    stuck.destroy();
  });
});

const settings = { 'jamsocket.sse_keepalive_seconds': 0.3 };
forEachRuntime('silence', { runtimes: ['process'], settings }, world => {
  test('a silent stream is kept alive in the form of its mode', async () => {
    const backend = await world.ready('echo.js');
    const path = `/backend/${backend.id}/status/stream`;
    for (const [headers, sign] of [
      [explicit, ':\n\n'],
      [{}, '\n\n'],
    ] as const) {
      const response = await openStream(world, path, headers);
      let text = '';
      response.setEncoding('utf8').on('data', chunk => {
        text += chunk as string;
      });
      const openedAt = Date.now();
      await eventually('two keep-alives', () => text.endsWith(`}\n\n${sign}${sign}`));
      assert.ok(Date.now() - openedAt >= 500, 'they come in silence only');
      response.destroy();
    }
  });
});

forEachRuntime('streams over a restart', { concurrency: 1 }, world => {
  test('ids of states and lines stay the same', async () => {
    const backend = await world.ready('writer.js', {}, { args: ['30'] });
    await backend.terminate();
    await backend.reaches('Terminated');
    const paths = [`/backend/${backend.id}/logs`, `/backend/${backend.id}/status/stream`];
    const before = await Promise.all(paths.map(path => bodyOf(world, path, explicit)));
    await world.server.restart();
    assert.deepEqual(await Promise.all(paths.map(path => bodyOf(world, path, explicit))), before);
  });

  test('an open stream is cut when the server stops, so that its client asks again', async () => {
    const backend = await world.ready('echo.js');
    const paths = [`/backend/${backend.id}/logs`, `/backend/${backend.id}/status/stream`];
    const streams = await Promise.all(paths.map(path => openStream(world, path)));
    const ends = streams.map(stream => assert.rejects(allEvents(stream), { code: 'ECONNRESET' }));
    await world.server.restart();
    await Promise.all(ends);
  });
});

async function endedBackend(world: World): Promise<TestBackend> {
  const backend = await world.ready('echo.js');
  await backend.terminate();
  await backend.reaches('Terminated');
  return backend;
}

/** A backend that has written some bytes and ended. */
async function saying(world: World, bytes: string | Buffer, output = 'stdout'): Promise<TestBackend> {
  const args = [Buffer.from(bytes).toString('base64'), output];
  const backend = await world.ready('say.js', {}, { args });
  await backend.terminate();
  await backend.reaches('Terminated');
  return backend;
}

async function openStream(
  world: World,
  path: string,
  headers: Record<string, string> = {},
): Promise<IncomingMessage> {
  const response = await world.server.openApi(path, { headers });
  assert.equal(response.statusCode, 200);
  return response;
}

async function bodyOf(world: World, path: string, headers: Record<string, string>): Promise<string> {
  return (await world.api(path, { headers })).text;
}

async function idsOf(world: World, path: string, headers: Record<string, string> = {}): Promise<number[]> {
  const events = await allEvents(await openStream(world, path, { ...explicit, ...headers }));
  return events.map(({ id }) => id ?? Number.NaN);
}

/** An answer byte by byte, from its head to the end of the connection. */
async function rawGet(world: World, path: string, headers: Record<string, string> = {}): Promise<string> {
  const socket = connect(world.server.port, '127.0.0.1');
  const lines = Object.entries({
    host: 'x',
    connection: 'close',
    authorization: `Bearer ${adminToken}`,
    ...headers,
  });
  socket.write(
    `GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
  );
  let text = '';
  socket.setEncoding('utf8').on('data', chunk => {
    text += chunk as unknown as string;
  });
  await within('the end of the connection', once(socket, 'close'));
  return text;
}

/** Reads a body with pauses, so that what comes has to wait outside. */
async function readSlowly(response: IncomingMessage): Promise<string> {
  let text = '';
  let chunks = 0;
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk as string;
    chunks += 1;
    if (chunks % 40 === 0) await delay(15);
  }
  return text;
}

/** Like `deepEqual`, but with a short message for long lists. */
function assertSame(lines: readonly string[], expected: readonly string[]): void {
  const at = expected.findIndex((line, n) => line !== lines[n]);
  assert.equal(at, -1, `line ${at} is ${lines[at]}, not ${expected[at]}`);
  assert.equal(lines.length, expected.length);
}
