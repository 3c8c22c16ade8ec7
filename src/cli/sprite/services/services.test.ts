import assert from 'node:assert/strict';
import { test } from 'node:test';
import { berth, berthWith, serve } from '../../testing/fake-server.ts';
import { TestStreams } from '../../testing/streams.ts';

const path = '/v1/sprites/box/services';
const web = {
  name: 'web',
  cmd: 'python3',
  args: ['-m', 'http.server\u001b[2J'],
  needs: ['db'],
  http_port: 3000,
  env: { KEY: 'hush' },
  state: { name: 'web', status: 'running', pid: 7, started_at: '2026-01-05T08:00:00.000Z', restart_count: 2 },
};
const complete = { type: 'complete', timestamp: 3, log_files: {} };

function environment(url: string) {
  return { BERTH_URL: url, BERTH_TOKEN: 'a.b' };
}

function lines(...events: object[]): string {
  return events.map(event => `${JSON.stringify({ timestamp: 1, ...event })}\n`).join('');
}

/** Runs a command line below `berth sprite services`. */
async function services(url: string, ...args: string[]) {
  const streams = new TestStreams();
  const result = await berthWith({ streams }, environment(url), 'sprite', 'services', ...args);
  return { ...result, ...streams.written };
}

test('services are listed and shown, without what their variables hold', async t => {
  const { url } = await serve(t, { [`GET ${path}`]: [web], [`GET ${path}/web`]: web });
  const list = await services(url, 'list', 'box');
  assert.deepEqual(list.out.split('\n'), [
    'SERVICE  STATUS   PID  HTTP PORT  RESTARTS  STARTED                   COMMAND',
    'web      running  7    3000       2         2026-01-05T08:00:00.000Z  python3 -m http.server [2J',
  ]);
  const shown = await services(url, 'get', 'box', 'web');
  assert.match(shown.out, /^variables +KEY$/m);
  assert.match(shown.out, /^needs +db$/m);
  assert.ok(!shown.out.includes('hush'));
  assert.deepEqual(JSON.parse((await services(url, 'get', 'box', 'web', '--json')).out), web);
});

test('create sends the definition, and shows each output where it belongs', async t => {
  const { url, seen } = await serve(t, {
    [`PUT ${path}/web?duration=60s`]: lines(
      { type: 'started' },
      { type: 'stdout', data: 'o' },
      { type: 'stderr', data: 'e' },
      complete,
    ),
  });
  const wish = ['--env', 'A=1', '--dir', '/srv', '--need', 'db', '--need', 'mq', '--http-port', '3000'];
  const args = [...wish, '--restart', 'on-failure', '--duration', '1m', '--', 'sh', '-c', 'x'];
  const result = await services(url, 'create', 'box', 'web', ...args);
  assert.deepEqual([result.exitCode, result.stdout, result.stderr], [0, 'o', 'e']);
  assert.equal(result.err, 'Service web has started');
  assert.deepEqual(seen[0]?.body, {
    cmd: 'sh',
    args: ['-c', 'x'],
    env: { A: '1' },
    dir: '/srv',
    needs: ['db', 'mq'],
    http_port: 3000,
    restart: 'on-failure',
  });
});

test('exit codes tell whether it could be done', async t => {
  const { url } = await serve(t, {
    [`POST ${path}/web/start`]: lines({ type: 'error', data: 'command not found: web' }, complete),
    [`POST ${path}/job/start`]: lines({ type: 'started' }, { type: 'exit', exit_code: 3 }, complete),
    [`POST ${path}/once/start`]: lines({ type: 'started' }, { type: 'exit', exit_code: 0 }, complete),
    [`POST ${path}/web/stop?timeout=0s`]: lines(
      { type: 'stopping' },
      { type: 'error', data: 'did not stop within 0s, killed' },
      { type: 'stopped', exit_code: 137 },
      complete,
    ),
    [`POST ${path}/web/restart?timeout=2s`]: lines(
      { type: 'stopping' },
      { type: 'stopped', exit_code: 143 },
      { type: 'error', data: 'command not found: web' },
      complete,
    ),
    [`GET ${path}/job/logs?lines=5&duration=3600s`]: lines({ type: 'exit', exit_code: 3 }, complete),
    [`POST ${path}/cut/start`]: lines({ type: 'started' }),
  });
  const cases: [string[], number, RegExp][] = [
    [['start', 'box', 'web'], 1, /^berth: command not found: web$/],
    [['start', 'box', 'job'], 1, /has ended with code 3$/],
    [['start', 'box', 'once'], 0, /has ended with code 0$/],
    [['stop', 'box', 'web', '--timeout', '0'], 0, /killed\nService web has stopped with code 137$/],
    [['restart', 'box', 'web', '--timeout', '2s'], 1, /command not found/],
    [['logs', 'box', 'job', '-n', '5', '--follow'], 0, /has ended with code 3$/],
    [['start', 'box', 'cut'], 1, /broke off/],
    [['start', 'box', 'web', '--duration', 'soon'], 2, /such as 20s/],
    [['create', 'box', 'web'], 2, /missing required argument 'command'/],
  ];
  for (const [args, code, text] of cases) {
    const { exitCode, err } = await services(url, ...args);
    assert.equal(exitCode, code, `${args.join(' ')}: ${err}`);
    assert.match(err, text);
  }
});

test('events are JSON lines on demand; signal and delete say what was done', async t => {
  const { url, seen } = await serve(t, {
    [`GET ${path}/web/logs`]: lines({ type: 'stdout', data: 'x\n' }, complete),
    [`POST ${path}/signal`]: {},
    [`DELETE ${path}/web`]: {},
  });
  const logs = await services(url, 'logs', 'box', 'web', '--json');
  assert.deepEqual(
    logs.out.split('\n').map(line => JSON.parse(line).type),
    ['stdout', 'complete'],
  );
  const signal = await services(url, 'signal', 'box', 'web', 'HUP');
  assert.equal(signal.out, 'Signal HUP was sent to service web');
  assert.deepEqual(seen.at(-1)?.body, { name: 'web', signal: 'HUP' });
  assert.equal((await services(url, 'delete', 'box', 'web')).out, 'Service web is deleted');
});

test('privileges and resources are set, shown and cleared', async t => {
  const policies = '/v1/sprites/box/policy';
  const privileges = { profile: 'minimal', devices: ['/dev/fuse'], noNewPrivileges: true };
  const resources = { memory: { limit_mb: 512 } };
  const { url, seen } = await serve(t, {
    [`GET ${policies}/privileges`]: privileges,
    [`POST ${policies}/privileges`]: {},
    [`DELETE ${policies}/privileges`]: {},
    [`GET ${policies}/resources`]: resources,
    [`POST ${policies}/resources`]: {},
    [`DELETE ${policies}/resources`]: {},
  });
  const policy = (...args: string[]) => berth(environment(url), 'sprite', 'policy', ...args);
  assert.deepEqual((await policy('privileges', 'get', 'box')).out.split('\n'), [
    'profile         minimal',
    'devices         /dev/fuse',
    'new privileges  deny',
  ]);
  const all = ['--profile', 'minimal', '--device', '/dev/fuse', '--new-privileges', 'deny'];
  assert.match((await policy('privileges', 'set', 'box', ...all)).out, /from its next start on$/);
  assert.deepEqual(seen.at(-1)?.body, privileges);
  assert.equal((await policy('privileges', 'set', 'box')).exitCode, 2);
  assert.equal((await policy('privileges', 'clear', 'box')).exitCode, 0);
  assert.equal((await policy('resources', 'get', 'box')).out, 'memory  512 MiB');
  assert.equal((await policy('resources', 'set', 'box', '--memory', '512')).exitCode, 0);
  assert.deepEqual(seen.at(-1)?.body, resources);
  assert.equal((await policy('resources', 'set', 'box')).exitCode, 2);
  assert.equal((await policy('resources', 'clear', 'box')).exitCode, 0);
});
