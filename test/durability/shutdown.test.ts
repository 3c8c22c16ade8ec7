import assert from 'node:assert/strict';
import { spawn as spawnProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import {
  adminToken,
  berthProgram,
  cannotRun,
  eventually,
  programs,
  readEvents,
  type RuntimeName,
  type ServerOptions,
  type SpawnResult,
  TestBackend,
  TestServer,
  within,
} from '../support/index.ts';
import { processesOfWorkload, traces } from './traces.ts';

const runtime: RuntimeName = 'oci';
/** The server's own limit for open requests, and what letting go of the rest may take. */
const drainMs = 5_000;
const letGoMs = 4_000;
const poolSize = 2;

describe('stop and start', { skip: cannotRun(runtime) ?? false, concurrency: 2 }, () => {
  test('SIGTERM lets running answers end, cuts what has no end, and exits 0', { timeout: 60_000 }, async t => {
    const server = await open(t);
    const [stream, socket, late] = await Promise.all([
      ready(server, 'stream.js'),
      ready(server, 'websocket.js'),
      spawn(server, 'late.js', ['20000']),
    ]);
    const before = await processesOfWorkload(stream.id);
    const running = stream.request('/drip?chunks=10&ms=200');
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

    const from = performance.now();
    await server.stop();
    const tookMs = Math.round(performance.now() - from);
    t.diagnostic(`stopped in ${tookMs} ms with open streams`);
    assert.ok(tookMs < drainMs + letGoMs, `${tookMs} ms`);
    assert.equal((await running).text.split('\n').length, 11, 'all chunks');
    assert.ok((await cut).every(({ status }) => status === 'rejected'), 'cut, not ended');
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

  test('without open requests it is gone at once; a second SIGTERM does not wait', { timeout: 60_000 }, async t => {
    const server = await open(t);
    const backend = await ready(server, 'stream.js');
    const from = performance.now();
    await server.stop();
    const tookMs = performance.now() - from;
    t.diagnostic(`stopped in ${Math.round(tookMs)} ms`);
    assert.ok(tookMs < 2_000, `${tookMs} ms`);

    await server.start();
    const endless = await backend.open('/events?chunks=100000&ms=50');
    endless.on('error', () => {}).resume();
    const { pid } = server;
    process.kill(pid, 'SIGTERM');
    await eventually('the word that it stops', () => server.stderr.some(line => line.includes('is stopping')));
    const again = performance.now();
    process.kill(pid, 'SIGTERM');
    await eventually('its end', () => !server.running);
    assert.ok(performance.now() - again < 1_000);
  });

  test('SIGTERM while it starts ends it, and nothing is left behind', { timeout: 60_000 }, async t => {
    const server = await open(t);
    await server.stop();
    for (const afterMs of [50, 300, 600]) {
      const { child, ended } = up(server.dataDir);
      await eventually('the moment', () => performance.now() - child.from > afterMs);
      child.process.kill('SIGTERM');
      await within('the end of the server', ended, 10_000);
      const { folders, ...others } = await traces(server.dataDir);
      assert.deepEqual(Object.entries(others).filter(([, found]) => found.length > 0), [], `after ${afterMs} ms`);
      assert.deepEqual(folders, []);
    }
  });

  test('a second server on the same data directory is refused', { timeout: 60_000 }, async t => {
    const server = await open(t);
    const { ended, stderr } = up(server.dataDir);
    assert.equal(await within('the end of the second', ended), 1);
    const text = stderr.join('\n');
    assert.match(text, /^berth: another server uses this data folder/);
    assert.doesNotMatch(text, /\n\s+at /, 'no stack');
    assert.equal((await server.api('/healthz', { token: null })).status, 200);
    assert.equal((await (await ready(server, 'stream.js')).request('/hold?ms=0')).status, 200);
  });

  test('a start that fails says why, ends, and lets go of everything', { timeout: 60_000 }, async t => {
    const first = await open(t);
    const taken = (await readFile(join(first.dataDir, 'network/subnet'), 'utf8')).trim();
    const second = await open(t);
    await second.stop();
    for (const [env, expected] of [
      [{ BERTH_NETWORK_SUBNET: taken }, /^berth: .*subnet/],
      [{ BERTH_PORT: String(first.port) }, /^berth: port \d+ of 127\.0\.0\.1 is taken/],
    ] as const) {
      const { ended, stderr } = up(second.dataDir, env);
      assert.equal(await within('the end of the server', ended), 1);
      assert.match(stderr.join('\n'), expected);
      assert.doesNotMatch(stderr.join('\n'), /\n\s+at /, 'no stack');
    }
    await second.start();
    assert.equal((await (await ready(second, 'stream.js')).request('/hold?ms=0')).status, 200);
  });

  test('strange files in its folders do not keep it from starting', { timeout: 60_000 }, async t => {
    const server = await open(t);
    const backend = await ready(server, 'stream.js');
    const damaged = await ready(server, 'stream.js');
    const before = await processesOfWorkload(backend.id);
    await server.kill();
    const at = (...path: string[]) => join(server.dataDir, ...path);
    for (const folder of ['bundles', 'exits', 'state', 'trash']) {
      await mkdir(at('oci', folder, 'Foreign Folder', 'inside'), { recursive: true });
      await mkdir(at('oci', folder, 'strangefolder00'));
      await writeFile(at('oci', folder, '.DS_Store'), 'x');
      await writeFile(at('oci', folder, 'strangefile0000'), '\0\xff not a number');
    }
    await mkdir(at('logs', 'Foreign Folder'), { recursive: true });
    await mkdir(at('logs', 'strangefolder00'));
    await writeFile(at('logs', 'strangefile0000'), 'x');
    await writeFile(at('images', 'host', 'strange'), 'x');
    await writeFile(at('oci', 'bundles', damaged.id, 'record.json'), '{"address":');
    await writeFile(at('oci', 'bundles', damaged.id, 'pid'), 'x');

    await server.start();
    assert.equal((await backend.status()).state, 'Ready');
    assert.deepEqual(await processesOfWorkload(backend.id), before);
    assert.equal((await backend.request('/hold?ms=0')).status, 200);
    await damaged.reaches('Lost');
    assert.deepEqual(await processesOfWorkload(damaged.id), []);
    assert.equal((await (await ready(server, 'stream.js')).request('/hold?ms=0')).status, 200);
    assert.deepEqual(server.stderr.filter(line => line.includes('"fault"')), []);
  });

  test('with a damaged note of its addresses the living are still reached', { timeout: 60_000 }, async t => {
    const server = await open(t);
    const backend = await ready(server, 'stream.js');
    await server.kill();
    await writeFile(join(server.dataDir, 'network/subnet'), '\0');
    await server.start();
    assert.equal((await backend.request('/hold?ms=0')).status, 200);
    assert.equal((await (await ready(server, 'stream.js')).request('/hold?ms=0')).status, 200);
  });

  test('a damaged database is named', { timeout: 60_000 }, async t => {
    const server = await open(t);
    await server.stop();
    const whole = await readFile(join(server.dataDir, 'berth.db'));
    await writeFile(join(server.dataDir, 'berth.db'), Buffer.alloc(16_384, 'not a database'));
    const { ended, stderr } = up(server.dataDir);
    assert.equal(await within('the end of the server', ended), 1);
    assert.match(stderr.join('\n'), /^berth: .*berth\.db/);
    assert.doesNotMatch(stderr.join('\n'), /\n\s+at /, 'no stack');
    await writeFile(join(server.dataDir, 'berth.db'), whole);
    await server.start();
  });
});

async function open(t: TestContext, options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const server = await TestServer.start({ runtime, settings: { 'network.pool_size': poolSize }, ...options });
  t.after(() => server.destroy(), { timeout: 60_000 });
  return server;
}

let services = 0;

async function spawn(server: TestServer, program: string, args: readonly string[] = []): Promise<TestBackend> {
  services += 1;
  const name = `service-${services}`;
  const body = { name, command: 'node', args: [program, ...args], dir: programs };
  (await server.api('/user/admin/service', { body })).ok();
  const answer = await server.api(`/user/admin/service/${name}/spawn`, { body: {} });
  return new TestBackend(server, answer.ok<SpawnResult>());
}

async function ready(server: TestServer, program: string): Promise<TestBackend> {
  const backend = await spawn(server, program);
  await backend.reaches('Ready');
  return backend;
}

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

/** A server that need not get ready. */
function up(dataDir: string, env: Readonly<Record<string, string>> = {}) {
  const child = spawnProcess(berthProgram, ['up', '--data-dir', dataDir, '--runtime', runtime], {
    cwd: dataDir,
    env: {
      PATH: process.env.PATH,
      BERTH_ADMIN_TOKEN: adminToken,
      BERTH_PORT: '0',
      BERTH_NETWORK_POOL_SIZE: String(poolSize),
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stderr: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
  const limit = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const ended = once(child, 'close').then(([code]) => {
    clearTimeout(limit);
    return code as number | null;
  });
  return { child: { process: child, from: performance.now() }, ended, stderr };
}
