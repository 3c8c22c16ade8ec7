import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { cannotRun, eventually, readEvents, type TestServer, World, within } from '../support/index.ts';
import { launch } from './launch.ts';
import { assertNothing, processesOfWorkload, traces } from './traces.ts';

/** The server's own limit for open requests, and what letting go of the rest may take. */
const drainMs = 5_000;
const letGoMs = 10_000;
const poolSize = 2;

describe('shutdown', { skip: cannotRun('oci') ?? false }, () => {
  const world = new World('oci');

  before(() => world.open({ settings: { 'network.pool_size': poolSize } }), { timeout: 180_000 });
  after(() => world.close(), { timeout: 180_000 });

  test('SIGTERM lets running answers end, cuts what has no end, and exits 0', {
    timeout: 180_000,
  }, async t => {
    const { server } = world;
    const [stream, socket, late] = await Promise.all([
      world.ready('stream.js'),
      world.ready('websocket.js'),
      world.service('late.js', { args: ['20000'] }).then(service => world.spawn(service)),
    ]);
    const before = await processesOfWorkload(stream.id);
    const endless = await stream.open('/events?chunks=100000&ms=50');
    const webSocket = await socket.webSocket();
    const webSocketClosed = once(webSocket, 'close');
    webSocket.on('error', () => {});
    const held = late.request('/').catch(error => error as NodeJS.ErrnoException);
    const streams = await Promise.all(
      ['status/stream', 'logs'].map(path => server.openApi(`/backend/${stream.id}/${path}`)),
    );
    const read = streams.map(async response => {
      for await (const _ of readEvents(response)) {
      }
    });
    const cut = Promise.allSettled(read);
    endless.resume();
    const endlessEnded = once(endless, 'error');
    const idle = await keptAlive(server);
    const running = text(await stream.open('/drip?chunks=10&ms=200'));

    const from = performance.now();
    await server.stop();
    const tookMs = Math.round(performance.now() - from);
    t.diagnostic(`stopped in ${tookMs} ms with open streams`);
    assert.ok(tookMs < drainMs + letGoMs, `${tookMs} ms`);
    assert.equal((await running).split('\n').length, 11, 'all chunks');
    assert.ok(
      (await cut).every(({ status }) => status === 'rejected'),
      'cut, not ended',
    );
    await within('the end of the WebSocket', webSocketClosed);
    await within('the end of the endless answer', endlessEnded);
    await within('the end of the idle connection', idle.closed);
    assert.ok((await held) instanceof Error || ((await held) as { status: number }).status >= 500);

    assert.deepEqual(await processesOfWorkload(stream.id), before, 'backends run on');
    await server.start();
    assert.deepEqual(await processesOfWorkload(stream.id), before);
    assert.equal((await stream.request('/hold?ms=0')).text, 'at last');
    // The one that was on its way is on it again.
    assert.equal((await late.status()).state, 'Starting');
  });

  test('without open requests it is gone at once; a second SIGTERM does not wait', {
    timeout: 180_000,
  }, async t => {
    const { server } = world;
    const backend = await world.ready('stream.js');
    const from = performance.now();
    await server.stop();
    const tookMs = performance.now() - from;
    t.diagnostic(`stopped in ${Math.round(tookMs)} ms`);
    assert.ok(tookMs < drainMs - 500, `${tookMs} ms`);

    await server.start();
    const endless = await backend.open('/events?chunks=100000&ms=50');
    endless.on('error', () => {}).resume();
    const { pid } = server;
    process.kill(pid, 'SIGTERM');
    await eventually('the word that it stops', () =>
      server.stderr.some(line => line.includes('is stopping')),
    );
    const again = performance.now();
    // One that follows too closely counts as the same.
    await eventually('its end', () => !server.running || !process.kill(pid, 'SIGTERM'));
    assert.ok(performance.now() - again < drainMs - 500);
    await server.start();
  });

  test('SIGTERM while it starts ends it, and nothing is left behind', { timeout: 180_000 }, async () => {
    const { server } = world;
    await server.endWorkloads();
    await server.stop();
    for (const afterMs of [50, 300, 600]) {
      const { child, ended } = launch(server.dataDir);
      const from = performance.now();
      await eventually('the moment', () => performance.now() - from > afterMs);
      child.kill('SIGTERM');
      await within('the end of the server', ended, 10_000);
      const left = await traces(server.dataDir);
      assertNothing({ ...left, folders: left.folders.filter(path => !path.startsWith('logs/')) });
    }
    await server.start();
  });
});

/** A connection that has had its answer and stays open; settles when the server closes it. */
async function keptAlive(server: TestServer): Promise<{ closed: Promise<unknown> }> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  await once(socket, 'data');
  const closed = once(socket, 'close');
  socket.resume();
  return { closed };
}
