import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream';
import { test } from 'node:test';
import { promisify } from 'node:util';
import {
  adminToken,
  berthProgram,
  eventually,
  forEachRuntime,
  send,
  type World,
  within,
} from './support/index.ts';

const runCommand = promisify(execFile);

/** `berth dev` in a folder, as a person sees it. */
class Dev {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #world: World;

  constructor(world: World, folder: string, args: readonly string[] = [], url = world.server.url) {
    this.#world = world;
    this.#child = spawn(berthProgram, ['dev', ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH, BERTH_URL: url, BERTH_TOKEN: adminToken },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const output of [this.#child.stdout, this.#child.stderr])
      if (output) createInterface({ input: output }).on('line', line => this.lines.push(line));
  }

  /** What the program of the backend that became ready after so many lines answers. */
  async answer(after = 0): Promise<string> {
    const url = await this.sees(/is ready at (\S+)/, after);
    const { host } = new URL(url);
    return (await send(this.#world.server.url, { headers: { host } })).text;
  }

  /** Waits for a line after so many. @returns its first group */
  async sees(pattern: RegExp, after = 0): Promise<string> {
    const look = () =>
      this.lines.slice(after).flatMap(line => [pattern.exec(line) ?? []].filter(([it]) => it))[0];
    const [whole = '', group] = await eventually(`${pattern}`, look, 30_000).catch(error => {
      throw new Error(`${(error as Error).message}; but\n${this.lines.join('\n')}`);
    });
    return group ?? whole;
  }

  async interrupt(): Promise<number | null> {
    const ended = once(this.#child, 'close') as Promise<[number | null]>;
    this.#child.kill('SIGINT');
    return (await within('the end of berth dev', ended, 30_000))[0];
  }

  /** As a crash would. */
  async kill(): Promise<void> {
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

const program = (text: string) => `
  console.log('here is ${text}');
  process.on('SIGTERM', () => process.exit(0));
  require('node:http').createServer((_, response) => response.end('${text} ' + process.env.COLOR)).listen(process.env.PORT);
`;

async function makeFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'berth-dev-')));
  await chmod(folder, 0o755); // the program may run as another user
  return folder;
}

forEachRuntime('berth dev', { concurrency: 1 }, world => {
  const assertNothingIsLeft = async () => {
    assert.deepEqual((await world.api('/user/admin/services')).ok().services, []);
    const { running_backends: backends } = (await world.api('/user/admin/backends')).ok();
    assert.deepEqual(backends, []);
  };

  test('runs a folder, again at each change, and leaves nothing', { timeout: 120_000 }, async t => {
    const folder = await makeFolder();
    t.after(() => rm(folder, { recursive: true }));
    const main = join(folder, 'server.js');
    await writeFile(join(folder, 'package.json'), '{"scripts":{"start":"node server.js"}}');
    await writeFile(main, program('one'));

    // Its port stays when that of the server changes.
    const door = createServer(socket => {
      const onward = connect(world.server.port, '127.0.0.1');
      pipeline(socket, onward, socket, () => {});
    }).listen(0, '127.0.0.1');
    await once(door, 'listening');
    t.after(() => door.close());
    const url = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;

    const dev = new Dev(world, folder, ['--env', 'COLOR=green', '--lock', 'mine'], url);
    assert.equal(await dev.answer(), 'one green');
    await dev.sees(/^\w{6} \| here is one$/);
    let seen = dev.lines.length;
    await writeFile(main, program('two'));
    assert.equal(await dev.answer(seen), 'two green');

    seen = dev.lines.length;
    await writeFile(main, 'process.exit(3)');
    await dev.sees(/is (errorstarting|failed)/, seen);
    await dev.sees(/waiting for a change/, seen);
    await writeFile(main, program('three'));
    assert.equal(await dev.answer(seen), 'three green');

    seen = dev.lines.length;
    await world.server.kill();
    await world.server.restart();
    if (world.runtime === 'process') assert.equal(await dev.answer(seen), 'three green');
    seen = dev.lines.length;
    await writeFile(main, program('four'));
    assert.equal(await dev.answer(seen), 'four green');

    assert.equal(await dev.interrupt(), 0, dev.lines.join('\n'));
    await assertNothingIsLeft();
  });

  test('takes over what a run that was killed has left', { timeout: 120_000 }, async t => {
    const folder = await makeFolder();
    t.after(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'server.js'), program('one'));
    const killed = new Dev(world, folder, ['--', 'node', 'server.js']);
    await killed.answer();
    await killed.kill();
    const dev = new Dev(world, folder, ['--', 'node', 'server.js']);
    await dev.sees(/taking over/);
    assert.equal(await dev.answer(), 'one undefined');
    assert.equal(await dev.interrupt(), 0);
    await assertNothingIsLeft();
  });

  if (world.runtime === 'oci') {
    test('packs a folder on an image, without Docker', { timeout: 120_000 }, async t => {
      const folder = await makeFolder();
      t.after(() => rm(folder, { recursive: true }));
      await mkdir(join(folder, 'root/bin'), { recursive: true });
      await copyFile('/bin/busybox', join(folder, 'root/bin/busybox'));
      const archive = join(folder, 'base.tar');
      await runCommand('tar', ['-C', join(folder, 'root'), '-cf', archive, 'bin']);
      const env = { PATH: process.env.PATH, BERTH_URL: world.server.url, BERTH_TOKEN: adminToken };
      await runCommand(berthProgram, ['image', 'import', archive, 'base'], { env });
      const site = join(folder, 'site');
      await mkdir(site);
      await writeFile(join(site, 'index.html'), 'one');

      const serve = ['/bin/busybox', 'httpd', '-f', '-p', '8080', '-h', '/app'];
      const dev = new Dev(world, site, ['--base', 'base', '--', ...serve]);
      assert.equal(await dev.answer(), 'one');
      const seen = dev.lines.length;
      await writeFile(join(site, 'index.html'), 'two');
      assert.equal(await dev.answer(seen), 'two');
      assert.equal(await dev.interrupt(), 0, dev.lines.join('\n'));
      const { services } = (await world.api('/user/admin/services')).ok();
      assert.deepEqual(services, ['base']);
      (await world.api('/user/admin/service/base/delete', { method: 'POST' })).ok();
    });
  }

  test('says what is wrong where there is nothing to run', async t => {
    const folder = await makeFolder();
    t.after(() => rm(folder, { recursive: true }));
    const dev = new Dev(world, folder);
    await dev.sees(/What is to be run\?.*berth dev -- node server\.js/);
  });
});
