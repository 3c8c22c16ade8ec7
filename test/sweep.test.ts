import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { forEachRuntime, type TestBackend } from './support/index.ts';

/** Of all backends here that are spawned without a grace period. */
const graceSeconds = 1;
const settings = { 'jamsocket.grace_seconds': graceSeconds };
/** The contract allows a second; the rest is for the end of the program on a busy machine. */
const slackMs = 10_000;

forEachRuntime('the sweep of idle backends', { runtimes: ['process'], settings }, world => {
  test('comes a grace period after Ready when nobody ever connects', async () => {
    const service = await world.service('echo.js');
    for (const [body, expectedMs] of [
      [{ grace_period_seconds: 2 }, 2_000],
      [{}, graceSeconds * 1_000],
    ] as const) {
      const backend = await world.spawn(service, body);
      await assertSwept(backend, (await backend.reaches('Ready')).time, expectedMs);
    }
  });

  test('does not come before Ready, however long that takes', async () => {
    const backend = await world.spawn(await world.service('late.js', { args: ['1500'] }));
    await assertSwept(backend, (await backend.reaches('Ready')).time, 1_000);
  });

  test('waits for an answer that is long under way', async () => {
    const backend = await world.ready('stream.js');
    const askedAt = now();
    await backend.request('/drip?chunks=25&ms=100');
    assert.equal((await backend.status()).state, 'Ready');
    await assertSwept(backend, askedAt, 3_500);
  });

  test('waits for an answer that has not begun', async () => {
    const backend = await world.ready('stream.js');
    const askedAt = now();
    await backend.request('/hold?ms=2500');
    assert.equal((await backend.status()).state, 'Ready');
    await assertSwept(backend, askedAt, 3_500);
  });

  test('waits for an upload', async () => {
    const backend = await world.ready('stream.js');
    const askedAt = now();
    await backend.request('/upload', { body: Readable.from(slowChunks(25, 100)) });
    assert.equal((await backend.status()).state, 'Ready');
    await assertSwept(backend, askedAt, 3_400);
  });

  test('waits for a WebSocket on which nothing happens', async () => {
    const backend = await world.ready('websocket.js');
    const socket = await backend.webSocket();
    await delay(2_500);
    assert.equal((await backend.status()).state, 'Ready');
    const closedAt = now();
    socket.close();
    await assertSwept(backend, closedAt, 1_000);
  });

  test('counts from the end of a WebSocket whose client has vanished', async () => {
    const backend = await world.ready('websocket.js');
    const socket = await backend.webSocket();
    await delay(1_500);
    const closedAt = now();
    socket.terminate();
    await assertSwept(backend, closedAt, 1_000);
  });

  test('waits for a request that was held until Ready', async () => {
    const backend = await world.spawn(await world.service('stream.js'));
    const asking = backend.request('/drip?chunks=25&ms=100');
    const { time } = await backend.reaches('Ready');
    await asking;
    assert.equal((await backend.status()).state, 'Ready');
    await assertSwept(backend, time, 3_400);
  });

  test('begins anew after each request', async () => {
    const backend = await world.ready('echo.js');
    let askedAt = now();
    for (let n = 0; n < 6; n += 1) {
      await delay(400);
      askedAt = now();
      await backend.request('/');
    }
    assert.equal((await backend.status()).state, 'Ready');
    await assertSwept(backend, askedAt, 1_000);
  });

  test('waits for the last of several connections', async () => {
    const backend = await world.ready('websocket.js');
    const [first, second] = await Promise.all([backend.webSocket(), backend.webSocket()]);
    first.terminate();
    await delay(2_000);
    assert.equal((await backend.status()).state, 'Ready');
    const closedAt = now();
    second.terminate();
    await assertSwept(backend, closedAt, 1_000);
  });

  test('takes no notice of those who only look at the API', async () => {
    const backend = await world.spawn(await world.service('echo.js'));
    const { time } = await backend.reaches('Ready');
    const looking = new AbortController();
    const log = backend.log();
    const look = async (): Promise<void> => {
      while (!looking.signal.aborted) {
        for (const path of ['', '/status', '/ready', '/logs?follow=false']) {
          await world.api(`/backend/${backend.id}${path}`);
        }
      }
    };
    const looks = look();
    await assertSwept(backend, time, 1_000);
    looking.abort();
    await Promise.all([looks, log]);
  });

  test('comes at once when the last connection closes, if the grace period is 0', async () => {
    const service = await world.service('websocket.js');
    const backend = await world.spawn(service, { grace_period_seconds: 0 });
    const [first, second] = await Promise.all([backend.webSocket(), backend.webSocket()]);
    first.close();
    await once(first, 'close');
    await delay(300);
    assert.equal((await backend.status()).state, 'Ready');
    const closedAt = now();
    second.close();
    await assertSwept(backend, closedAt, 0);
  });

  test('comes after the usual time when nobody ever connects, if the grace period is 0', async () => {
    const service = await world.service('echo.js');
    const backend = await world.spawn(service, { grace_period_seconds: 0 });
    await assertSwept(backend, (await backend.reaches('Ready')).time, graceSeconds * 1_000);
  });

  test('does not come to a backend with a long grace period', async () => {
    const service = await world.service('echo.js');
    const backend = await world.spawn(service, { grace_period_seconds: 31_536_000 });
    await backend.reaches('Ready');
    await backend.request('/');
    await delay(2_000);
    assert.equal((await backend.status()).state, 'Ready');
  });
});

function now(): string {
  return new Date().toISOString();
}

/** Waits for the sweep, which must come so long after a moment and not much longer. */
async function assertSwept(backend: TestBackend, since: string, expectedMs: number): Promise<void> {
  const end = (await backend.states()).at(-1);
  assert.equal(end?.state, 'Swept');
  const tookMs = Date.parse(end.time) - Date.parse(since);
  assert.ok(tookMs >= expectedMs && tookMs <= expectedMs + slackMs, `${tookMs} ms, not ${expectedMs} ms`);
}

async function* slowChunks(count: number, intervalMs: number): AsyncGenerator<string> {
  for (let n = 0; n < count; n += 1) {
    yield `chunk ${n}\n`;
    await delay(intervalMs);
  }
}
