import assert from 'node:assert/strict';
import { once } from 'node:events';
import { before, test } from 'node:test';
import { exchange, forEachRuntime, type TestBackend, within } from './support/index.ts';

forEachRuntime('WebSockets through the edge', {}, world => {
  let backend: TestBackend;
  before(async () => {
    backend = await world.ready('websocket.js');
  });

  test('messages pass in both directions, text and bytes, small and large', async () => {
    const socket = await backend.webSocket('/any?path');
    for (const message of ['hello', 'ünï 💥', 'x'.repeat(60_000)]) {
      assert.equal((await exchange(socket, message)).toString(), message);
    }
    const bytes = Buffer.from([0, 255, 10, 13, 0]);
    assert.deepEqual(await exchange(socket, bytes), bytes);
    socket.close(1000, 'bye');
    const [code, reason] = (await within('its close', once(socket, 'close'))) as [number, Buffer];
    assert.deepEqual([code, reason.toString()], [1000, 'bye']);
  });

  test('many are open at the same time', async () => {
    const sockets = await Promise.all(Array.from({ length: 30 }, () => backend.webSocket()));
    const answers = await Promise.all(sockets.map((socket, n) => exchange(socket, `I am ${n}`)));
    assert.deepEqual(
      answers.map(String),
      sockets.map((_, n) => `I am ${n}`),
    );
    for (const socket of sockets) socket.terminate();
  });

  test('one that comes before the backend is ready is held', async () => {
    const early = await world.spawn(await world.service('websocket.js'));
    const socket = await early.webSocket();
    assert.equal((await exchange(socket, 'early')).toString(), 'early');
    socket.terminate();
  });

  test('it is closed when its backend ends', async () => {
    const ending = await world.ready('websocket.js');
    const socket = await ending.webSocket();
    const closed = once(socket, 'close');
    await ending.terminate();
    await within('its close', closed);
  });

  test('one to an unknown or ended backend is refused with a status', async () => {
    const ended = await world.ready('websocket.js');
    await ended.terminate();
    await ended.reaches('Terminated');
    await assert.rejects(ended.webSocket(), /410/);
    await assert.rejects(backend.webSocket('/', { host: 'nope.localhost' }), /404/);
  });
});
