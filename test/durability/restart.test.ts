import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cannotRun, eventually, readEvents, type TestBackend, World } from '../support/index.ts';

const startupTimeoutMs = 1_500;
const graceMs = 2_000;

describe('what goes on after kill -9 and a restart', { skip: cannotRun('oci') ?? false }, () => {
  const world = new World('oci');
  /** It listens only when its time to start is over, but while no server looks. */
  let late: TestBackend;
  let silent: TestBackend;
  let locked: TestBackend;
  let idle: TestBackend;
  let idsBefore: number[];
  let restartedAt: number;

  before(
    async () => {
      await world.open({ settings: { 'jamsocket.startup_timeout_seconds': startupTimeoutMs / 1000 } });
      const echo = await world.service('echo.js');
      locked = await world.spawn(echo, { require_bearer_token: true });
      idle = await world.spawn(echo, { grace_period_seconds: graceMs / 1000 });
      await Promise.all([locked, idle].map(backend => backend.reaches('Ready')));
      idsBefore = await eventIds(idle, 3);
      const lateService = await world.service('late.js', { args: [String(startupTimeoutMs - 400)] });
      late = await world.spawn(lateService);
      silent = await world.spawn(await world.service('silent.js'));
      await eventually('its start', async () =>
        (await silent.log('?follow=false')).includes('not listening'),
      );
      await world.server.kill();
      const killedAt = Date.now();
      await eventually('the end of their time', () => Date.now() - killedAt > 2 * startupTimeoutMs);
      restartedAt = Date.now();
      await world.server.restart();
    },
    { timeout: 180_000 },
  );

  after(() => world.close(), { timeout: 180_000 });

  test('a program that listens by now is ready, though its time to start is over', async () => {
    await late.reaches('Ready');
    assert.match((await late.request('/')).text, /^late but there/);
  });

  test('one that does not is ended for it', async () => {
    await silent.reaches('TimedOutBeforeReady');
  });

  test('a bearer token opens its backend, and nothing else does', async () => {
    const token = locked.result.bearer_token ?? assert.fail('no token');
    const answer = await locked.request('/', { headers: { authorization: `Bearer ${token}` } });
    assert.equal(answer.status, 200);
    assert.equal((await locked.request('/')).status, 403);
  });

  test('the idle clock starts anew', async () => {
    const { time } = await idle.reaches('Swept');
    const afterMs = Date.parse(time) - restartedAt;
    assert.ok(afterMs >= graceMs, `swept ${afterMs} ms after the restart`);
  });

  test('events keep their ids, and a stream goes on after the last one that was read', async () => {
    const ids = await eventIds(idle, 4);
    assert.deepEqual(ids.slice(0, 3), idsBefore);
    assert.deepEqual(await eventIds(idle, 1, idsBefore.at(-1)), ids.slice(3));
    assert.deepEqual(await eventIds(idle, 0, ids.at(-1)), []);
  });

  /** Ids of the first so many events of the status stream after one. */
  async function eventIds({ id }: TestBackend, count: number, after = 0): Promise<number[]> {
    const headers = { accept: 'text/event-stream', 'last-event-id': String(after) };
    const response = await world.server.openApi(`/backend/${id}/status/stream`, { headers });
    const ids: number[] = [];
    for await (const event of readEvents(response)) {
      ids.push(event.id ?? Number.NaN);
      if (ids.length === count) break;
    }
    return ids;
  }
});
