import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertRefused, type Echo, eventually, forEachRuntime } from './support/index.ts';

forEachRuntime('a backend behind the edge', { settings: { 'jamsocket.stop_grace_seconds': 2 } }, world => {
  test('holds requests until it is ready, then answers them whole', async () => {
    const backend = await world.spawn(await world.service('echo.js'));
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => backend.request(`/x?${n}`, { method: 'POST', body: `body ${n}` })),
    );
    for (const [n, answer] of answers.entries()) {
      const { url, body } = answer.ok<Echo>();
      assert.deepEqual([url, body], [`/x?${n}`, `body ${n}`]);
    }
  });

  test('is told by its state when it ends before it is ready', async () => {
    const exiting = await world.service('exit-late.js', { args: ['1', '300'] });
    const answer = await (await world.spawn(exiting)).request('/');
    assert.match(assertRefused(answer, 502, 'BackendFailed'), /ErrorStarting/);

    (await world.api('/user/admin/service', { body: { name: 'no-image' } })).ok();
    const failed = await world.spawn('no-image');
    await failed.reaches('ErrorLoading');
    assert.match(assertRefused(await failed.request('/'), 410, 'BackendNotRunning'), /ErrorLoading/);
  });

  test('is told by its state when it is asked to end before it is ready', async () => {
    const backend = await world.spawn(await world.service('silent.js'));
    await backend.reaches('Starting');
    const asking = backend.request('/');
    await eventually('the request', async () => (await backend.terminate()).status !== 404);
    assert.match(assertRefused(await asking, 502, 'BackendFailed'), /Terminated|Starting/);
  });

  test('takes no new requests while it ends, but finishes those that it has', async () => {
    const backend = await world.ready('stubborn.js');
    const open = await backend.open('/drip');
    await backend.terminate();
    const answer = await backend.request('/');
    assertRefused(answer, 410, 'BackendNotRunning');
    let text = '';
    for await (const chunk of open.setEncoding('utf8')) text += chunk as string;
    assert.equal(text.split('\n').length, 11);
  });

  test('is gone for requests after its end', async () => {
    const backend = await world.ready('echo.js');
    await backend.request('/exit?0').catch(() => {});
    await backend.reaches('Exited');
    const answer = await backend.request('/');
    assert.match(assertRefused(answer, 410, 'BackendNotRunning'), /Exited/);
  });

  test('is answered for when it misbehaves: no answer, no listener, half an answer', async () => {
    const backend = await world.ready('misbehave.js');
    assertRefused(await backend.request('/destroy'), 502, 'BadGateway');
    await assert.rejects(backend.request('/half'), { code: 'ECONNRESET' });
    assert.equal((await backend.request('/')).text, 'fine');
    assert.equal((await backend.request('/deaf')).text, 'last words');
    const answer = await backend.request('/');
    assertRefused(answer, 502, 'BadGateway');
    assert.equal((await backend.status()).state, 'Ready');
  });
});

forEachRuntime(
  'a backend that does not get ready',
  { runtimes: ['process'], settings: { 'jamsocket.hold_seconds': 1 } },
  world => {
    test('is given up after a while, with its state and a time to ask again', async () => {
      const backend = await world.spawn(await world.service('silent.js'));
      const startedAt = performance.now();
      const answer = await backend.request('/');
      assert.match(assertRefused(answer, 504, 'StartTimeout'), /Starting/);
      assert.equal(answer.headers['retry-after'], '2');
      assert.equal(answer.headers['x-berth-backend-id'], backend.id);
      const tookMs = performance.now() - startedAt;
      assert.ok(tookMs > 900 && tookMs < 10_000, `${tookMs} ms`);
      assert.equal((await backend.status()).state, 'Starting');
    });
  },
);
