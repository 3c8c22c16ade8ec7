import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  allEvents,
  assertRefused,
  eventually,
  forEachRuntime,
  type TestBackend,
  type World,
} from './support/index.ts';

const settings = { 'logs.segment_bytes': 65_536, 'logs.max_bytes': 131_072 };
const count = 20_000;
const gap = /^berth: (\d+) bytes of older output are no longer kept$/;

forEachRuntime('a log that outgrows its limit', { settings }, world => {
  test('keeps its end whole, and says what is missing before that', { timeout: 60_000 }, async () => {
    const backend = await writer(world);
    await cut(backend);
    const path = `/backend/${backend.id}/logs`;
    for (const query of ['?follow=false', '']) {
      if (query === '') (await backend.terminate()).ok();
      const [first = '', ...lines] = await backend.log(query);
      assert.match(first, gap);
      const firstKept = Number(lines[0]?.split(' ')[1]);
      assert.ok(firstKept > 1 && firstKept <= count, `line ${firstKept} is the oldest`);
      assert.deepEqual(
        lines,
        Array.from({ length: count - firstKept + 1 }, (_, n) => `line ${firstKept + n}`),
      );
    }
    assert.deepEqual(await backend.log('?tail=2'), [`line ${count - 1}`, `line ${count}`]);

    const headers = { accept: 'text/event-stream', 'last-event-id': '1' };
    const [resumed] = await allEvents(await world.server.openApi(path, { headers }));
    assert.match(resumed?.data ?? '', gap, 'a reader that comes back late is told, too');
  });

  test('is cut also when its program has ended soon', { timeout: 60_000 }, async () => {
    const backend = await writer(world);
    await backend.terminate({ hard: true });
    await backend.reaches('Terminated');
    await cut(backend);
    assert.deepEqual(await backend.log('?tail=1'), [`line ${count}`]);
  });
});

const forgetful = { 'jamsocket.ended_retention_hours': 0 };
forEachRuntime('an ended backend whose time is over', { settings: forgetful, concurrency: 1 }, world => {
  test('is forgotten with all that it left', async () => {
    const ended = await world.ready('echo.js', { lock: 'forgotten' });
    await ended.terminate();
    await ended.reaches('Terminated');
    await world.server.restart();
    for (const [path, method] of [
      ['', 'GET'],
      ['/status', 'GET'],
      ['/status/stream', 'GET'],
      ['/logs', 'GET'],
      ['/terminate', 'POST'],
    ] as const) {
      await eventually('404', async () => {
        const answer = await world.server.openApi(`/backend/${ended.id}${path}`, { method });
        answer.resume();
        return answer.statusCode === 404;
      });
    }
    assertRefused(await ended.request('/'), 404, 'NotFound');
    assert.equal((await world.api(`/backend/${ended.id}/ready`)).status, 404);
    const logs = await readdir(join(world.server.dataDir, 'logs'));
    assert.ok(!logs.some(name => name.includes(ended.id)), logs.join(', '));
  });
});

/** A backend that has written all its lines, and lives. */
async function writer(world: World): Promise<TestBackend> {
  const backend = await world.ready('writer.js', {}, { args: [String(count)] });
  const last = `line ${count}`;
  await eventually(
    'its last line',
    async () => (await backend.log('?tail=1&follow=false'))[0] === last,
    30_000,
  );
  return backend;
}

/** Waits until the beginning of a log is gone: the runtime's own writer is looked at now and then only. */
async function cut(backend: TestBackend): Promise<void> {
  await eventually('the cut', async () => gap.test((await backend.log('?follow=false'))[0] ?? ''), 12_000);
}
