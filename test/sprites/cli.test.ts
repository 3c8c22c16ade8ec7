import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type IPty, spawn as spawnTerminal } from '@lydell/node-pty';
import { TestStreams } from '../../src/cli/testing/streams.ts';
import { berthProgram, type CommandResult, eventually, forEachRuntime, runBerth } from '../support/index.ts';

forEachRuntime('sandboxes on the command line', { runtimes: ['oci'] }, world => {
  const environment = () => ({
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    TERM: 'vt220',
    BERTH_URL: world.server.url,
    BERTH_TOKEN: world.server.token,
  });

  /** Everything but the process around it, which would take longer than the command. */
  async function berth(args: readonly string[], input?: string | Buffer): Promise<CommandResult> {
    const streams = new TestStreams();
    streams.stdin.end(input);
    const result = await runBerth(world.server, ['sprite', ...args], {}, { streams });
    const { stdout, stderr } = streams.written;
    return { ...result, stdout: result.stdout + stdout, stderr: result.stderr + stderr };
  }

  async function done(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await berth(args);
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** The real program, with pipes. */
  function start(...args: string[]) {
    const child = spawn(berthProgram, ['sprite', ...args], { env: environment(), stdio: 'pipe' });
    const exited = new Promise<number | null>(resolve => child.once('exit', resolve));
    child.stdin.on('error', () => {});
    return { child, exited };
  }

  test('create, list, info, url, destroy', async () => {
    const url = (await done('create', 'one', '--label', 'demo', '--env', 'A=1')).trimEnd();
    assert.match(url, /^http:\/\/one-[a-z0-9]{6}\./);
    assert.match(await done('list', '--label', 'demo'), /^one +running +\S+ +http/m);
    assert.match(await done('info', 'one'), /^variables +A$/m);
    const again = await berth(['create', 'one']);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /there is a sprite one already\nChoose another name/);
    const settings = JSON.parse(await done('url', 'one', '--auth', 'public', '--json'));
    assert.deepEqual(settings, { url, auth: 'public' });
    const alone = await berth(['destroy', 'one']);
    assert.deepEqual([alone.code, alone.stdout], [2, '']);
    assert.equal(await done('destroy', '--yes', 'one'), 'Sprite one is destroyed\n');
    const gone = await berth(['info', 'one']);
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /there is no sprite "one"\nSee what there is: `berth sprite list`/);
  });

  test('exec: outputs, input, exit code, variables, signals', async () => {
    await done('create', 'run', '--env', 'A=1');
    const both = await berth(['exec', 'run', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
    assert.deepEqual(both, { code: 7, stdout: 'out\n', stderr: 'err\n' });
    const big = Buffer.alloc(5_000_000, 'abcdefg\n');
    const echoed = await berth(['exec', 'run', '--', 'cat'], big);
    assert.ok(echoed.code === 0 && echoed.stdout === big.toString(), `${echoed.stdout.length} bytes`);
    const script = 'echo $A $B; pwd';
    const placed = ['exec', 'run', '--env', 'B=2', '--dir', '/tmp', '--', 'sh', '-c', script];
    assert.equal(await done(...placed), '1 2\n/tmp\n');
    assert.equal((await berth(['exec', 'run', '--', 'no-such-program'])).code, 127);
    assert.equal((await berth(['exec', 'none', '--', 'ls'])).code, 125);
  });

  test('the program: exit code, signals, and a slow reader that gets all of it', async () => {
    await done('create', 'real');
    const waiting = start('exec', 'real', '--', 'sh', '-c', 'trap "exit 9" TERM; echo up; sleep 100 & wait');
    await once(waiting.child.stdout, 'data');
    waiting.child.kill('SIGTERM');
    assert.equal(await waiting.exited, 9);

    const bytes = 3_000_000;
    const sending = start('exec', 'real', '--no-stdin', '--', 'head', '-c', String(bytes), '/dev/zero');
    let received = 0;
    for await (const chunk of sending.child.stdout) {
      received += (chunk as Buffer).length;
      await delay(5);
    }
    assert.deepEqual([received, await sending.exited], [bytes, 0]);
  });

  test('a console: prompt, command, resize, detach, attach, exit code', async () => {
    await done('create', 'tty');
    const terminal = new TestTerminal(['console', 'tty'], environment());
    terminal.type('stty size; echo "type $TERM"\r');
    await terminal.sees('30 100');
    await terminal.sees('type vt220');
    terminal.pty.resize(77, 22);
    await eventually('the new size', async () => {
      terminal.type('stty size\r');
      return terminal.sees('22 77', 1_000).then(
        () => true,
        () => false,
      );
    });
    terminal.type('\u001c');
    await terminal.sees('berth sprite attach tty ');
    assert.equal(await terminal.exitCode, 0);

    const { sessions } = JSON.parse(await done('sessions', 'tty', '--json'));
    assert.equal(sessions.length, 1);
    const again = new TestTerminal(['attach', 'tty', sessions[0].id], environment());
    await again.sees('type vt220');
    again.type('exit 5\r');
    assert.equal(await again.exitCode, 5);
    await eventually(
      'no session',
      async () => JSON.parse(await done('sessions', 'tty', '--json')).sessions.length === 0,
    );
    assert.equal((await berth(['attach', 'tty', sessions[0].id])).code, 125);
    assert.equal((await berth(['console', 'tty'])).code, 2);
  });

  test('files in and out, with folders', async t => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-cp-'));
    t.after(() => rm(folder, { recursive: true }));
    const at = (name: string) => join(folder, name);
    await mkdir(at('tree/empty'), { recursive: true });
    await writeFile(at('tree/run.sh'), '#!/bin/sh\necho ran\n', { mode: 0o755 });
    await writeFile(at('big'), Buffer.alloc(3_000_000, 'xyz'));
    await done('create', 'files');
    await done('cp', at('big'), 'files:deep/er/');
    assert.match(await done('exec', 'files', '--', 'wc', '-c', 'deep/er/big'), /^3000000 /);
    assert.equal((await berth(['cp', at('tree'), 'files:tree'])).code, 1);
    await done('cp', '-r', at('tree'), 'files:tree');
    assert.equal(await done('exec', 'files', '--', 'tree/run.sh'), 'ran\n');
    await done('exec', 'files', '--', 'sh', '-c', 'ln -s /etc/passwd tree/link');
    const back = await berth(['cp', '-r', 'files:tree', at('back'), '--json']);
    assert.deepEqual(JSON.parse(back.stdout), {
      files: 1,
      bytes: 19,
      skipped: ['/home/sprite/tree/link'],
    });
    assert.equal(await readFile(at('back/run.sh'), 'utf8'), '#!/bin/sh\necho ran\n');
    assert.equal((await berth(['cp', '-', 'files:/tmp/piped'], 'in')).code, 0);
    assert.equal(await done('cp', 'files:/tmp/piped', '-'), 'in');
    const refused = await berth(['cp', at('big'), 'files:/etc/big']);
    assert.deepEqual([refused.code, refused.stdout], [1, '']);
    assert.match(refused.stderr, /permission denied: \/etc\/big/);
  });

  test('services: made, told, stopped, started, signalled, deleted', async () => {
    await done('create', 'sup');
    const script = 'trap "echo hup" HUP; echo up; echo bad >&2; while :; do sleep 0.1; done';
    const made = await berth([
      'services',
      'create',
      'sup',
      'web',
      '--duration',
      '2',
      '--',
      'sh',
      '-c',
      script,
    ]);
    assert.deepEqual([made.code, made.stdout], [0, 'up\n'], made.stderr);
    assert.match(made.stderr, /^bad$/m);
    assert.match(await done('services', 'list', 'sup'), /^web +running +\d+ +- +0 /m);
    const following = start('services', 'logs', 'sup', 'web', '--lines', '0', '--follow');
    const heard = once(following.child.stdout, 'data');
    await eventually('the signal', async () => {
      await done('services', 'signal', 'sup', 'web', 'hup');
      return Promise.race([heard.then(() => true), delay(500, false)]);
    });
    assert.match(String((await heard)[0]), /^hup\n/);
    following.child.kill('SIGINT');
    await following.exited;
    assert.equal((await berth(['services', 'stop', 'sup', 'web', '--timeout', '1s'])).code, 0);
    const again = await berth(['services', 'stop', 'sup', 'web']);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /"web" is not running\nSee how it is/);
    assert.equal((await berth(['services', 'start', 'sup', 'web', '--duration', '0'])).code, 0);
    assert.equal(JSON.parse(await done('services', 'get', 'sup', 'web', '--json')).state.status, 'running');
    assert.equal((await berth(['services', 'create', 'sup', 'none', '--', '/no/such'])).code, 1);
    assert.equal(
      await done('services', 'delete', 'sup', 'none', 'web'),
      'Service none is deleted\nService web is deleted\n',
    );
    assert.equal((await berth(['services', 'get', 'sup', 'web'])).code, 1);
  });

  test('ports are listed, and reached at ports here', async () => {
    await done('create', 'web');
    const server = `require('http').createServer((_, res) => res.end('hello')).listen(3000, '127.0.0.1')`;
    await done('services', 'create', 'web', 'web', '--duration', '0', '--', 'node', '-e', server);
    await eventually('the port', async () => /^3000 +127\.0\.0\.1 +\d+$/m.test(await done('ports', 'web')));
    const proxy = start('proxy', 'web', ':3000', ':1');
    const [chunk] = await once(proxy.child.stdout, 'data');
    const address = /^(127\.0\.0\.1:\d+) -> web localhost:3000$/m.exec(String(chunk))?.[1];
    for (let n = 0; n < 3; n++) assert.equal(await (await fetch(`http://${address}/`)).text(), 'hello');
    proxy.child.kill('SIGINT');
    assert.equal(await proxy.exited, 0);
    assert.equal((await berth(['proxy', 'none', '80'])).code, 1);
  });

  test('network policy', async () => {
    await done('create', 'net');
    await done('policy', 'network', 'set', 'net', '--allow', 'example.com');
    assert.match(await done('policy', 'network', 'get', 'net'), /^allow +example\.com$/m);
    const refused = await berth(['policy', 'network', 'set', 'net', '--allow', 'not a name']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^berth: .*not a name/);
    await done('policy', 'network', 'clear', 'net');
    assert.deepEqual(JSON.parse(await done('policy', 'network', 'get', 'net', '--json')), { rules: [] });
  });

  test('checkpoints', async () => {
    await done('create', 'back');
    await done('exec', 'back', '--', 'sh', '-c', 'echo before > f');
    assert.equal(await done('checkpoint', 'create', 'back', '-m', 'good'), 'Checkpoint v1 created\n');
    await done('exec', 'back', '--', 'sh', '-c', 'echo after > f');
    assert.match(await done('checkpoint', 'list', 'back'), /^v1 +- +\S+ +good$/m);
    assert.equal(await done('checkpoint', 'restore', 'back', 'v1'), 'Restored from v1\n');
    assert.equal(await done('exec', 'back', '--', 'cat', 'f'), 'before\n');
    assert.equal((await berth(['checkpoint', 'restore', 'back', 'v9'])).code, 1);
    const inUse = await berth(['checkpoint', 'delete', 'back', 'v1']);
    assert.equal(inUse.code, 1);
    await done('checkpoint', 'create', 'back');
    assert.equal(await done('checkpoint', 'delete', 'back', 'v1'), 'Checkpoint v1 is deleted\n');
  });
});

/** A person at a terminal who runs a command line. */
class TestTerminal {
  readonly pty: IPty;
  readonly exitCode: Promise<number>;
  #seen = '';
  #changed = (): void => {};

  constructor(args: readonly string[], env: Record<string, string>) {
    this.pty = spawnTerminal(berthProgram, ['sprite', ...args], { cols: 100, rows: 30, env });
    this.exitCode = new Promise(resolve => this.pty.onExit(({ exitCode }) => resolve(exitCode)));
    this.pty.onData(text => {
      this.#seen += text;
      this.#changed();
    });
  }

  type(text: string): void {
    this.pty.write(text);
  }

  /** Waits until it shows this, after all that was waited for before. */
  async sees(text: string, limitMs = 20_000): Promise<void> {
    const limit = AbortSignal.timeout(limitMs);
    while (!this.#seen.includes(text)) {
      if (limit.aborted) throw new Error(`${JSON.stringify(text)} is not in ${JSON.stringify(this.#seen)}`);
      await new Promise<void>(resolve => {
        this.#changed = resolve;
        limit.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    this.#seen = this.#seen.slice(this.#seen.indexOf(text) + text.length);
  }
}
