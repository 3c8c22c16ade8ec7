import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { berth, serve } from './testing/fake-server.ts';

const identity = { 'GET /auth': { status: 'ok', account: 'acct', accounts: ['acct'], is_admin: false } };
const spawned = {
  name: 'abcdefghijklmnop',
  url: 'http://abcdefghijklmnop.localhost:7070/',
  ready_url: '',
  status_url: '',
  status: 'Loading',
  spawned: true,
};

function states(...names: string[]): string {
  return names
    .map((state, at) => `id: ${at}\ndata: ${JSON.stringify({ state, time: '', backend: spawned.name })}\n\n`)
    .join('');
}

test('spawn waits until the backend is ready and prints only its URL on stdout', async t => {
  const { url, seen } = await serve(t, {
    ...identity,
    'POST /user/acct/service/web/spawn': spawned,
    [`GET /backend/${spawned.name}/status/stream`]: states('Loading', 'Starting', 'Ready'),
  });
  const args = ['--lock', 'doc 1', '--env', 'A=1=2', '--env', 'B=', '--grace', '5', '--tag', 'v1'];
  const { exitCode, out, err } = await berth({ BERTH_URL: url, BERTH_TOKEN: 'a.b' }, 'spawn', 'web', ...args);
  assert.equal(exitCode, 0, err);
  assert.equal(out, spawned.url);
  assert.match(err, /is starting\n.* is ready after/);
  assert.deepEqual(seen.find(request => request.method === 'POST')?.body, {
    lock: 'doc 1',
    env: { A: '1=2', B: '' },
    grace_period_seconds: 5,
    tag: 'v1',
  });
  assert.ok(seen.every(request => request.token === 'a.b'));
});

test('spawn of a backend that fails to start shows why and exits with 1', async t => {
  const { url } = await serve(t, {
    ...identity,
    'POST /user/acct/service/web/spawn': spawned,
    [`GET /backend/${spawned.name}/status/stream`]: states('Loading', 'ErrorStarting'),
    [`GET /backend/${spawned.name}/logs?follow=false&tail=10`]: 'data: berth: no such command: webb\n\n',
  });
  const { exitCode, out, err } = await berth({ BERTH_URL: url, BERTH_TOKEN: 'a.b' }, 'spawn', 'web');
  assert.equal(exitCode, 1);
  assert.equal(out, '');
  assert.match(
    err,
    /ended as ErrorStarting before it was ready\. Its last lines:\n {2}berth: no such command: webb/,
  );
});

test('spawn --no-wait --json prints the answer at once', async t => {
  const { url, seen } = await serve(t, { 'POST /user/other/service/web/spawn': spawned });
  const env = { BERTH_URL: url, BERTH_TOKEN: 'a.b' };
  const { out } = await berth(env, 'spawn', 'web', '--no-wait', '--json', '--account', 'other');
  assert.deepEqual(JSON.parse(out), spawned);
  assert.deepEqual(
    seen.map(request => request.actAs),
    ['other'],
  );
});

test('service create sends the command after --, with its own options', async t => {
  const { url, seen } = await serve(t, { ...identity, 'POST /user/acct/service': { status: 'ok' } });
  const env = { BERTH_URL: url, BERTH_TOKEN: 'a.b' };
  const args = ['--dir', '/srv/web', '-e', 'A=1', '--', 'node', 'server.js', '--port', '1'];
  const { exitCode, err } = await berth(env, 'service', 'create', 'web', ...args);
  assert.equal(exitCode, 0, err);
  assert.deepEqual(seen.at(-1)?.body, {
    name: 'web',
    command: 'node',
    args: ['server.js', '--port', '1'],
    dir: '/srv/web',
    env: { A: '1' },
  });
});

test('the beginning of an id is enough where it is unique', async t => {
  const list = { running_backends: [{ name: 'abcdefghijklmnop' }, { name: 'abxxxxxxxxxxxxxx' }] };
  const { url } = await serve(t, {
    ...identity,
    'GET /user/acct/backends': list,
    'POST /backend/abcdefghijklmnop/terminate': { status: 'ok' },
  });
  const env = { BERTH_URL: url, BERTH_TOKEN: 'a.b' };
  assert.equal((await berth(env, 'backend', 'terminate', 'abc')).out, 'abcdefghijklmnop is ending');
  assert.match(
    (await berth(env, 'backend', 'terminate', 'ab')).err,
    /could be abcdefghijklmnop or abxxxxxxxxxxxxxx/,
  );
  assert.match((await berth(env, 'backend', 'terminate', 'zz')).err, /no live backend's id begins with "zz"/);
});

test('backend list in a pipe is plain, with whole times', async t => {
  const backend = {
    name: 'abcdefghijklmnop',
    service_name: 'web',
    status: 'Ready',
    created_at: '2024-09-01T00:00:00.000Z',
  };
  const { url } = await serve(t, { ...identity, 'GET /user/acct/backends': { running_backends: [backend] } });
  const { out } = await berth({ BERTH_URL: url, BERTH_TOKEN: 'a.b' }, 'backend', 'list');
  assert.deepEqual(out.split('\n'), [
    'ID                SERVICE  STATE  LOCK  CREATED',
    'abcdefghijklmnop  web      Ready  -     2024-09-01T00:00:00.000Z',
  ]);
});

test("the administrator's token of this machine is found in the data folder", async t => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-cli-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'admin-token'), 'adm.secret\n');
  const { url, seen } = await serve(t, { 'GET /berth/v1/tokens': { tokens: [] } });
  const { exitCode, err } = await berth({ BERTH_URL: url, BERTH_DATA_DIR: folder }, 'token', 'list');
  assert.equal(exitCode, 0);
  assert.match(err, /There is no token/);
  assert.equal(seen[0]?.token, 'adm.secret');
});

test('token create prints the token alone on stdout', async t => {
  const token = { id: 't1', token: 'pub.secret', account: 'acct', expires_at: null };
  const { url, seen } = await serve(t, { 'POST /berth/v1/tokens': token });
  const env = { BERTH_URL: url, BERTH_TOKEN: 'a.b' };
  const { out } = await berth(env, 'token', 'create', '--label', 'ci', '--expires-in', '30d');
  assert.equal(out, 'pub.secret');
  assert.deepEqual(seen[0]?.body, { label: 'ci', expires_in_seconds: 2_592_000 });
});

test('an error tells the way out', async t => {
  const unauthorised = { error: { code: 'InvalidAuth', status: 401, message: 'unknown token', id: 'req_1' } };
  const { url } = await serve(t, { 'GET /auth': unauthorised });
  const refused = await berth({ BERTH_URL: url, BERTH_TOKEN: 'a.b' }, 'service', 'list');
  assert.equal(refused.exitCode, 1);
  assert.match(refused.err, /^berth: unknown token\nLog in with `berth login`, or set BERTH_TOKEN/);

  const away = await berth({ BERTH_URL: 'http://127.0.0.1:1', BERTH_TOKEN: 'a.b' }, 'service', 'list');
  assert.equal(away.exitCode, 1);
  assert.match(
    away.err,
    /no answer from http:\/\/127\.0\.0\.1:1: .*\nIs it running\? Start it with `npm start`/,
  );
});

test('wrong usage exits with 2 before anything is sent', async () => {
  const wrong = [
    ['spwn'],
    ['spawn'],
    ['spawn', 'web', '--grace', '-1'],
    ['spawn', 'web', '--env', 'A'],
    ['service', 'create', 'web', '--dir', '/tmp'],
    ['token', 'create', '--expires-in', '1y'],
    ['up', '--port', '70000'],
    ['config', '--nope'],
  ];
  for (const args of wrong) {
    const { exitCode, out, err } = await berth({ BERTH_URL: 'http://127.0.0.1:1' }, ...args);
    assert.equal(exitCode, 2, `${args.join(' ')}: ${err}`);
    assert.equal(out, '');
    assert.notEqual(err, '');
  }
});

test('help and version are no failures', async () => {
  assert.match((await berth({}, '--help')).out, /Usage: berth/);
  assert.match((await berth({}, 'up', '--help')).out, /--data-dir <folder>/);
  assert.match((await berth({}, '--version')).out, /^\d+\.\d+\.\d+$/);
  assert.equal((await berth({}, 'spawn', '--help')).exitCode, 0);
});

test('config prints what is in force and where it came from', async () => {
  const { out } = await berth(
    { BERTH_LOG_LEVEL: 'warn', BERTH_ADMIN_TOKEN: 'adm.secret' },
    'config',
    '--port',
    '81',
  );
  assert.match(out, /^port +81 +--port$/m);
  assert.match(out, /^log_level +warn +BERTH_LOG_LEVEL$/m);
  assert.ok(!out.includes('secret'));
});
