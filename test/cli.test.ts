import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import {
  berthProgram,
  eventually,
  forEachRuntime,
  programs,
  runBerth,
  type SpawnResult,
  send,
} from './support/index.ts';

const options = {
  runtimes: ['process'],
  examples: true,
  fixedToken: false,
  settings: { 'jamsocket.stop_grace_seconds': 2 },
} as const;

forEachRuntime('the command line', options, world => {
  const run = (...args: string[]) => runBerth(world.server, args);
  const json = async <Value>(...args: string[]): Promise<Value> => {
    const { code, stdout, stderr } = await run(...args, '--json');
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Value;
  };

  test("as it is typed on the server's machine: spawn, reach, follow and end the example", async () => {
    const env = {
      PATH: process.env.PATH,
      BERTH_URL: world.server.url,
      BERTH_DATA_DIR: world.server.dataDir,
    };
    const type = async (...args: string[]) => {
      const { stdout } = await promisify(execFile)(berthProgram, args, { env, timeout: 30_000 });
      return stdout;
    };
    const url = (await type('spawn', 'hello', '--lock', 'typed', '--env', 'GREETING=Ahoy')).trimEnd();
    const { host, hostname } = new URL(url);
    const id = hostname.split('.')[0] ?? '';
    const { text } = await send(world.server.url, { headers: { host } });
    assert.match(text, /^Ahoy from a backend of your own/);
    const following = type('backend', 'logs', id);
    assert.equal(await type('backend', 'terminate', id), `${id} is ending\n`);
    assert.match(await following, /^listening on port \d+\nGET \/\nasked to end\n$/);
    assert.match(await type('backend', 'status', id), /Terminated\n$/);
  });

  test('service create, list, delete', async () => {
    const echo = [
      '--dir',
      programs,
      '--env',
      'A=1',
      '--env',
      'B=x=y',
      '--',
      'node',
      'echo.js',
      '-v',
      '--json',
    ];
    const created = await run('service', 'create', 'made', ...echo);
    assert.deepEqual([created.code, created.stderr], [0, '']);
    assert.match(created.stdout, /^Service made is there\. .*berth spawn made\n$/);
    const backend = await world.spawn('made');
    const { env } = (await backend.request('/')).ok<{ env: Record<string, string> }>();
    assert.deepEqual([env.A, env.B], ['1', 'x=y']);

    assert.match((await run('service', 'list')).stdout, /^SERVICE\n(?:.+\n)*made\n/);
    const { services } = await json<{ services: string[] }>('service', 'ls');
    assert.ok(services.includes('made'));

    const again = await run('service', 'create', 'made', '--', 'node');
    assert.deepEqual([again.code, again.stdout], [1, '']);
    assert.match(again.stderr, /^berth: .*made.*exists/);

    const deleted = await run('service', 'delete', 'made');
    assert.deepEqual(
      [deleted.code, deleted.stdout],
      [0, 'Service made is deleted; its backends are ending.\n'],
    );
    await backend.reaches('Terminated');
    const gone = await run('service', 'delete', 'made');
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /service not found\n.*berth service list/);
  });

  test('spawn waits until the backend is ready and prints its URL alone', async () => {
    const service = await world.service('echo.js');
    const { code, stdout, stderr } = await run(
      'spawn',
      service,
      '--lock',
      'cli-1',
      '-e',
      'A=1',
      '--grace',
      '60',
    );
    assert.equal(code, 0);
    assert.match(stdout, /^http:\/\/[a-z0-9]{16}\.localhost:\d+\/\n$/);
    const id = new URL(stdout).hostname.split('.')[0] ?? '';
    assert.match(stderr, new RegExp(`^Spawning\n(${id} is \\w+\n)*${id} is ready after [\\d.]+ s\n$`));
    const status = (await world.api(`/backend/${id}/status`)).ok();
    assert.equal(status.state, 'Ready');

    const again = await run('spawn', service, '--lock', 'cli-1');
    assert.equal(again.stdout, stdout);
    assert.match(again.stderr, /held the lock already/);

    const result = await json<SpawnResult>('spawn', service, '--lock', 'cli-1');
    assert.deepEqual([result.name, result.spawned, result.status], [id, false, 'Ready']);
  });

  test('spawn without waiting', async () => {
    const service = await world.service('late.js', { args: ['2000'] });
    const { code, stdout } = await run('spawn', service, '--no-wait', '--json');
    assert.equal(code, 0);
    assert.notEqual((JSON.parse(stdout) as SpawnResult).status, 'Ready');
  });

  test('a spawn that fails shows why and fails', async () => {
    const service = await world.service('exit.js', { args: ['3'] });
    const { code, stdout, stderr } = await run('spawn', service);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /ended as ErrorStarting before it was ready/);
    assert.match(stderr, /^ {2}this is all$/m);
    const silent = await world.service('silent.js');
    const late = await run('spawn', silent, '--timeout', '1');
    assert.equal(late.code, 1);
    assert.match(late.stderr, /is not ready after 1 s\. See `berth backend logs/);
  });

  test('backend list, status, logs, terminate', async () => {
    const service = await world.service('echo.js');
    const backend = await world.spawn(service, { lock: 'cli-2' });
    await backend.reaches('Ready');
    await backend.request('/log?hello');
    const { id } = backend;

    const list = (await run('backend', 'list')).stdout.split('\n');
    assert.match(list[0] ?? '', /^ID +SERVICE +STATE +LOCK +CREATED$/);
    const row = list.find(line => line.startsWith(id)) ?? '';
    assert.match(row, new RegExp(`^${id}  +${service}  +Ready  +cli-2  +\\d{4}-`));
    const { backends } = await json<{ backends: { name: string; lock?: string }[] }>('backend', 'ls');
    assert.ok(backends.some(({ name, lock }) => name === id && lock === 'cli-2'));

    const status = (await run('backend', 'status', id.slice(0, 8))).stdout;
    for (const fact of [id, service, 'default', 'admin', 'cli-2']) assert.ok(status.includes(fact), status);
    assert.match(status, /Loading\n.*Starting\n.*Ready\n$/);
    const details = await json<{ statuses: { value: string }[] }>('backend', 'status', id);
    assert.equal(details.statuses.at(-1)?.value, 'Ready');

    assert.equal((await run('backend', 'logs', id, '--no-follow')).stdout, 'listening\nhello\n');
    assert.equal((await run('backend', 'logs', id, '--no-follow', '-n', '1')).stdout, 'hello\n');
    const line = await json<{ line: string }>('backend', 'logs', id, '--no-follow', '--tail', '1');
    assert.deepEqual(line, { line: 'hello' });

    const logs = run('backend', 'logs', id);
    const states = run('backend', 'status', id, '--follow');
    const ended = await run('backend', 'terminate', id.slice(0, 10));
    assert.deepEqual([ended.code, ended.stdout], [0, `${id} is ending\n`]);
    assert.equal((await logs).stdout, 'listening\nhello\n');
    assert.match((await states).stdout, /Ready\n.*Terminated\n$/);

    const again = await run('backend', 'terminate', id);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /ended.*\n.*berth backend status/s);
    assert.equal(
      (await run('backend', 'logs', id)).stdout,
      'listening\nhello\n',
      'the log outlives its backend',
    );
  });

  test('terminate by force, several at once', async () => {
    const service = await world.service('stubborn.js');
    const backends = await Promise.all([world.spawn(service), world.spawn(service)]);
    await Promise.all(backends.map(backend => backend.reaches('Ready')));
    const ids = backends.map(({ id }) => id);
    assert.deepEqual(await json('backend', 'terminate', '--hard', ...ids), { terminating: ids });
    for (const backend of backends) {
      await backend.reaches('Terminated');
      assert.deepEqual(await backend.log(), [], 'it was asked before');
    }
  });

  test('logs are followed while they are written, and Ctrl-C ends that', async () => {
    const backend = await world.ready('echo.js');
    const child = spawn(berthProgram, ['backend', 'logs', backend.id], {
      env: { PATH: process.env.PATH, BERTH_URL: world.server.url, BERTH_TOKEN: world.server.token },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', chunk => {
      text += chunk as unknown as string;
    });
    await eventually('the first line', () => text === 'listening\n');
    await backend.request('/log?second');
    await eventually('the second line', () => text === 'listening\nsecond\n');
    child.kill('SIGINT');
    await eventually('its end', () => child.exitCode !== null || child.signalCode !== null);
    assert.equal((await backend.status()).state, 'Ready');
  });

  test('token create, list, revoke, and one that expires', async () => {
    const made = await run('token', 'create', '--label', 'for ci', '--expires-in', '2h');
    assert.equal(made.code, 0);
    assert.match(made.stdout, /^[^\s.]+\.[^\s.]+\n$/);
    assert.match(made.stderr, /^Token \S+ of admin expires at \d{4}-/);
    const token = made.stdout.trim();
    assert.equal((await world.api('/auth', { token })).status, 200);

    const table = (await run('token', 'list')).stdout;
    assert.match(table, /^ID +LABEL +BEGINS WITH +ACCOUNT +CREATED +EXPIRES\n/);
    assert.ok(!table.includes(token), 'a secret is in the list');
    const { tokens } = await json<{ tokens: TokenInfo[] }>('token', 'list');
    const mine = tokens.find(({ label }) => label === 'for ci');
    assert.ok(mine);
    const hours = (Date.parse(mine.expires_at ?? '') - Date.parse(mine.created_at)) / 3_600_000;
    assert.ok(Math.abs(hours - 2) < 0.01, `${hours} h`);

    assert.equal((await run('token', 'revoke', mine.id)).code, 0);
    assert.equal((await world.api('/auth', { token })).status, 401);
    const again = await run('token', 'revoke', mine.id);
    assert.deepEqual([again.code, again.stdout], [1, '']);

    const short = await json<{ token: string; expires_at: string }>('token', 'create', '--expires-in', '1');
    await eventually('its expiry', async () => {
      return (await world.api('/auth', { token: short.token })).status === 401;
    });
  });

  test('another account', async () => {
    const { name, token } = await world.account('cli-account');
    const asAdmin = await run('service', 'create', 'theirs', '--account', name, '--', 'node', '-v');
    assert.equal(asAdmin.code, 0, asAdmin.stderr);
    const own = await runBerth(world.server, ['service', 'list'], { BERTH_TOKEN: token });
    assert.equal(own.stdout, 'SERVICE\ntheirs\n');
    const foreign = await runBerth(world.server, ['service', 'list', '--account', 'admin'], {
      BERTH_TOKEN: token,
    });
    assert.equal(foreign.code, 1);
    assert.match(foreign.stderr, /no access.*\n.*--account/);
    const tokens = await json<{ tokens: TokenInfo[] }>('token', 'list', '--account', name);
    assert.deepEqual(
      tokens.tokens.map(({ account }) => account),
      [name],
    );
  });

  test('empty lists say what to do', async () => {
    const { token } = await world.account('cli-empty');
    for (const [kind, word] of [
      ['service', /Create one: berth service create/],
      ['backend', /Start one: berth spawn/],
    ] as const) {
      const { code, stdout, stderr } = await runBerth(world.server, [kind, 'list'], { BERTH_TOKEN: token });
      assert.deepEqual([code, stdout], [0, '']);
      assert.match(stderr, word);
    }
  });

  test('refusals say what is wrong and what to do', async () => {
    for (const [args, variables, expected] of [
      [['service', 'list'], { BERTH_TOKEN: 'not.valid' }, /valid token.*\n.*BERTH_TOKEN/],
      [['service', 'list'], { BERTH_URL: 'http://127.0.0.1:9' }, /127\.0\.0\.1:9.*\n.*npm start.*BERTH_URL/],
      [['spawn', 'nope'], {}, /service not found\n.*berth service list/],
      [['backend', 'status', 'nope'], {}, /nope/],
      [['backend', 'logs', 'x'.repeat(16)], {}, /not found/],
      [['service', 'create', 'Bad Name'], {}, /name/],
    ] as const) {
      const { code, stdout, stderr } = await runBerth(world.server, args, variables);
      assert.deepEqual([code, stdout], [1, ''], args.join(' '));
      assert.match(stderr, expected);
      assert.doesNotMatch(stderr, /^ +at /m, 'a stack');
    }
  });

  test('wrong usage is told with exit code 2', async () => {
    for (const [args, expected] of [
      [['spawm', 'x'], /spawn/],
      [['spawn'], /service/],
      [['spawn', 'x', '--grace', '-1'], /whole number/],
      [['spawn', 'x', '--env', '1A=x'], /KEY=value/],
      [['backend', 'logs', 'x', '--tail', 'many'], /whole number/],
      [['token', 'create', '--expires-in', 'soon'], /seconds/],
      [['service', 'create', 'x', '--dir', '/tmp'], /--dir/],
      [['backend', 'list', '--nonsense'], /nonsense/],
    ] as const) {
      const { code, stdout, stderr } = await runBerth(world.server, args);
      assert.deepEqual([code, stdout], [2, ''], args.join(' '));
      assert.match(stderr, expected);
    }
  });

  test('config tells what is in force and where it comes from', async () => {
    const env = { BERTH_PORT: '7171', BERTH_ADMIN_TOKEN: 'a.secret' };
    const { code, stdout } = await runBerth(
      world.server,
      ['config', '--json', '--domain', 'example.org'],
      env,
    );
    assert.equal(code, 0);
    const { settings: all } = JSON.parse(stdout) as { settings: SettingInfo[] };
    const find = (wanted: string) => all.find(({ name }) => name === wanted);
    assert.deepEqual([find('port')?.value, find('edge.domain')?.value], [7171, 'example.org']);
    assert.match(find('port')?.origin ?? '', /BERTH_PORT/);
    assert.match(find('edge.domain')?.origin ?? '', /--domain/);
    assert.equal(find('jamsocket.grace_seconds')?.origin, 'default');
    assert.ok(!stdout.includes('a.secret'), 'a secret is shown');
  });

  test('doctor tells what is there, and which runtime that makes', async () => {
    const { checks, choice } = await json<{ checks: { name: string; ok: boolean }[]; choice: object }>(
      'doctor',
    );
    assert.ok(checks.some(({ name, ok }) => /node/i.test(name) && ok));
    assert.ok('runtime' in choice && 'why' in choice);
    const { stdout } = await run('doctor');
    assert.match(stdout, /^ok {4}/m);
    assert.match(stdout, /^Runtime: \w+ \(.+\)$/m);
  });

  test('help and version need no server', async () => {
    for (const [args, expected] of [
      [['--help'], /Usage: berth .*BERTH_URL/s],
      [['backend', '--help'], /list.*status.*logs.*terminate/s],
      [['up', '--help'], /--data-dir/],
      [['--version'], /^\d+\.\d+\.\d+\n$/],
    ] as const) {
      const { code, stdout, stderr } = await runBerth(world.server, args, {
        BERTH_URL: 'http://127.0.0.1:9',
      });
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, expected);
    }
  });

  test('without a token it says where there is one', async t => {
    const dataDir = await mkdtemp(join(tmpdir(), 'berth-test-'));
    t.after(() => rm(dataDir, { recursive: true, force: true }));
    const env = { BERTH_TOKEN: '', BERTH_DATA_DIR: dataDir };
    const { code, stderr } = await runBerth(world.server, ['service', 'list'], env);
    assert.equal(code, 1);
    assert.match(stderr, /BERTH_TOKEN/);
  });
});

interface SettingInfo {
  readonly name: string;
  readonly value: unknown;
  readonly origin: string;
}

interface TokenInfo {
  readonly id: string;
  readonly label: string;
  readonly account: string;
  readonly created_at: string;
  readonly expires_at: string | null;
}
