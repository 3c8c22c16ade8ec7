import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertRefused, eventually, forEachRuntime, TestBackend, type World } from './support/index.ts';

interface Connected {
  readonly backend_id: string;
  readonly token: string;
  readonly spawned: boolean;
}

type Results = Record<string, { readonly done?: unknown; readonly failed?: string }>;

/** A backend that does what it is told in its folder. */
class Keeper {
  readonly backend: TestBackend;
  readonly #path: string;

  constructor(world: World, { backend_id: id, token }: Connected) {
    this.backend = TestBackend.withId(world.server, id);
    this.#path = `/${token}/`;
  }

  /** Where its variable says that the folder is. */
  async folder(): Promise<string> {
    const { it } = await this.#ask({ it: { env: true } });
    return (it?.done as Record<string, string> | undefined)?.BERTH_MOUNT ?? '';
  }

  async write(name: string, text: string): Promise<void> {
    const { it } = await this.#ask({ it: { write: [join(await this.folder(), name), text] } });
    assert.equal(it?.failed, undefined);
  }

  async read(name: string): Promise<unknown> {
    const { it } = await this.#ask({ it: { read: join(await this.folder(), name) } });
    return it?.done ?? it?.failed?.slice(0, 6);
  }

  async run(...command: string[]): Promise<void> {
    const { it } = await this.#ask({ it: { run: command } });
    assert.equal(it?.failed, undefined);
  }

  async end(): Promise<void> {
    (await this.backend.terminate()).ok();
    await this.backend.reaches('Terminated');
  }

  async #ask(orders: object): Promise<Results> {
    return (await this.backend.request(this.#path, { body: orders })).ok<Results>();
  }
}

const settings = { 'jamsocket.stop_grace_seconds': 3 };

forEachRuntime('a backend with a mount or limits', { concurrency: 1, settings }, world => {
  const connect = async (service: string, mount: unknown, key?: string, more: object = {}) => {
    const body = { ...(key !== undefined && { key }), spawn: { executable: { mount, ...more } } };
    return await world.api(`/v2/service/admin/${service}/connect`, { body });
  };
  const keeper = async (service: string, mount: unknown, key?: string, more: object = {}) =>
    new Keeper(world, (await connect(service, mount, key, more)).ok<Connected>());

  test('finds what the one before had left under its key, and nothing of other keys and services', async () => {
    const service = await world.service('probe.js');
    const first = await keeper(service, true, 'a');
    const folder = await first.folder();
    if (world.runtime === 'oci') assert.equal(folder, '/plane-data');
    else assert.ok(folder.startsWith(join(world.server.dataDir, 'volumes/')), folder);
    await first.write('file', 'one');
    await first.end();

    const second = await keeper(service, true, 'a');
    assert.notEqual(second.backend.id, first.backend.id);
    assert.equal(await second.read('file'), 'one');
    await second.write('file', 'two');
    assert.equal(await (await keeper(service, true, 'b')).read('file'), 'ENOENT');
    assert.equal(await (await keeper(await world.service('probe.js'), true, 'a')).read('file'), 'ENOENT');
    assert.equal(await second.read('file'), 'two');
  });

  test('shares a path with all services of the account, and its variable is not the caller’s', async () => {
    const one = await keeper(await world.service('probe.js'), 'shared/Room_1', undefined, {
      env: { BERTH_MOUNT: '/etc' },
    });
    await one.write('file', 'one');
    const other = await keeper(await world.service('probe.js'), 'shared/Room_1', 'key');
    assert.equal(await other.read('file'), 'one');
    assert.equal(await (await keeper(await world.service('probe.js'), 'shared')).read('Room_1/file'), 'one');
    assert.equal(await (await keeper(await world.service('probe.js'), 'shared2')).read('file'), 'ENOENT');
  });

  test('has no mount unless it is asked for', async () => {
    for (const mount of [false, undefined, null]) {
      const plain = await keeper(await world.service('probe.js'), mount, 'key');
      assert.equal(await plain.folder(), '');
    }
  });

  test('is refused where its mount can not be', async () => {
    const service = await world.service('probe.js');
    await keeper(service, true, 'held');
    const paths = [
      '',
      '/',
      '/a',
      '..',
      '.',
      'a/..',
      '../a',
      'a/./b',
      'a//b',
      'a/',
      'a b',
      'ä',
      'a\0',
      'a\\b',
      '~',
    ];
    for (const mount of [...paths, 'x'.repeat(256), 1, [], {}])
      assertRefused(await connect(service, mount, 'held'), 400, 'BadRequest');
    const message = assertRefused(await connect(service, true), 400, 'BadRequest');
    assert.match(message, /spawn\.executable\.mount: true needs a key/);
    assert.equal((await connect(service, 'x'.repeat(255), 'long')).status, 200);
  });

  if (world.runtime === 'oci') {
    test('is not led elsewhere by a link that a program has made', async () => {
      const service = await world.service('probe.js');
      const evil = await keeper(service, 'evil');
      await evil.run('ln', '-s', '/etc', '/plane-data/out');
      for (const path of ['evil/out', 'evil/out/deep']) {
        const { backend } = await keeper(service, path);
        assert.equal((await backend.states()).at(-1)?.state, 'ErrorStarting');
        assert.deepEqual(await backend.log(), [
          `berth: the folder ${path} can't be mounted: out is no folder`,
        ]);
      }
    });
  }

  test('has a line in its log about limits that can not be enforced', async () => {
    const limits = { disk_limit_bytes: 2_000_000, memory_limit_bytes: 900_000_000, cpu_time_limit: 600 };
    const body = { spawn: { executable: { resource_limits: limits } } };
    const service = await world.service('say.js', { args: [Buffer.from('hello\n').toString('base64')] });
    const connected = await world.api(`/v2/service/admin/${service}/connect`, { body });
    const { backend_id: id } = connected.ok<Connected>();
    const backend = TestBackend.withId(world.server, id);
    await backend.reaches('Ready');
    const ignored =
      world.runtime === 'oci'
        ? '2000000 bytes of disk'
        : '900000000 bytes of memory, 2000000 bytes of disk, 600 s of CPU time';
    const log = await eventually('what it wrote', async () => {
      const lines = await backend.log('?follow=false');
      return lines.includes('hello') && lines;
    });
    assert.deepEqual(log, [`berth: this server can't enforce the limit of ${ignored}`, 'hello']);
    const info = (await world.api(`/v2/backend/${id}`)).ok();
    assert.equal(info.max_mem_bytes, 900_000_000);
  });

  test('keeps what was written when the server is killed', async () => {
    const service = await world.service('probe.js');
    const before = await keeper(service, true, 'doc');
    await before.write('file', 'kept');
    await world.server.kill();
    await world.server.restart();
    const again = (await connect(service, true, 'doc')).ok<Connected>();
    assert.equal(again.spawned, world.runtime === 'process');
    const after = new Keeper(world, again);
    assert.equal(await after.read('file'), 'kept');
    await after.write('file', 'kept again');
    await after.end();
    assert.equal(await (await keeper(service, true, 'doc')).read('file'), 'kept again');
  });

  test('leaves a folder of its key, which goes with the service, or one of a path, which stays', async () => {
    const volumes = join(world.server.dataDir, 'volumes');
    const name = await world.service('probe.js');
    const before = await readdir(join(volumes, 'service'));
    const doomed = await keeper(name, true, 'doc');
    await doomed.write('file', 'text');
    const path = await keeper(name, 'stays');
    await path.write('file', 'text');
    (await world.api(`/v2/service/admin/${name}/delete`, { body: {} })).ok();
    await Promise.all([doomed, path].map(({ backend }) => backend.reaches('Terminated')));
    await world.server.restart();
    await eventually('the end of the folder', async () => {
      const names = await readdir(join(volumes, 'service'));
      return names.length === before.length && names.every(other => before.includes(other));
    });
    const anew = await world.service('probe.js', { name });
    assert.equal(await (await keeper(anew, true, 'doc')).read('file'), 'ENOENT');
    assert.equal(await (await keeper(anew, 'stays')).read('file'), 'text');
    assert.deepEqual(world.server.faults, []);
  });
});
