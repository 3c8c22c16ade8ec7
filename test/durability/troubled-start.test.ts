import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { cannotRun, World, within } from '../support/index.ts';
import { launch } from './launch.ts';
import { processesOfWorkload } from './traces.ts';

const poolSize = 2;

describe('a start in trouble', { skip: cannotRun('oci') ?? false }, () => {
  const world = new World('oci');

  before(() => world.open({ settings: { 'network.pool_size': poolSize } }), { timeout: 180_000 });
  after(() => world.close(), { timeout: 180_000 });

  test('a second server on the same data directory is refused', { timeout: 180_000 }, async () => {
    assert.match(await refusal(), /^berth: another server uses this data folder/);
    assert.equal((await world.api('/healthz', { token: null })).status, 200);
    await worksAsEver();
  });

  test('a start that fails says why, ends, and lets go of everything', { timeout: 180_000 }, async t => {
    const { server } = world;
    const taken = createServer();
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve));
    t.after(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    await server.stop();
    assert.match(await refusal({ BERTH_PORT: `${port}` }), /^berth: port \d+ of 127\.0\.0\.1 is taken/);
    assert.match(await refusal({ BERTH_NETWORK_SUBNET: '127.0.0.0/8' }), /^berth: .*subnet/);
    await server.start();
    await worksAsEver();
  });

  test('strange files in its folders do not keep it from starting', { timeout: 180_000 }, async () => {
    const { server } = world;
    const backend = await world.ready('stream.js');
    const damaged = await world.ready('stream.js');
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
    await worksAsEver();
    assert.deepEqual(server.faults, []);
  });

  test('with a damaged note of its addresses the living are still reached', {
    timeout: 180_000,
  }, async () => {
    const { server } = world;
    const backend = await world.ready('stream.js');
    await server.kill();
    await writeFile(join(server.dataDir, 'network/subnet'), '\0');
    await server.start();
    assert.equal((await backend.request('/hold?ms=0')).status, 200);
    await worksAsEver();
  });

  test('a damaged database is named', { timeout: 180_000 }, async () => {
    const { server } = world;
    await server.stop();
    const path = join(server.dataDir, 'berth.db');
    const whole = await readFile(path);
    await writeFile(path, Buffer.alloc(16_384, 'not a database'));
    assert.match(await refusal(), /^berth: .*berth\.db/);
    await writeFile(path, whole);
    await server.start();
    await worksAsEver();
  });

  /** Why a server on the same data directory did not start: one text for a person, without a stack. */
  async function refusal(env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { ended, stderr } = launch(world.server.dataDir, env);
    assert.equal(await within('the end of the server', ended), 1);
    const text = stderr.join('');
    assert.doesNotMatch(text, /\n\s+at /, 'no stack');
    return text;
  }

  async function worksAsEver(): Promise<void> {
    const backend = await world.ready('stream.js');
    assert.equal((await backend.request('/hold?ms=0')).text, 'at last');
  }
});
