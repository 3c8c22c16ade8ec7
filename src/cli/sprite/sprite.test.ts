import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Input } from '../input.ts';
import { berth, berthWith, serve } from '../testing/fake-server.ts';

const box = {
  id: 'sprite-1',
  name: 'box',
  organization: 'acct',
  status: 'warm',
  url: 'http://box-abc123.localhost:7070',
  url_settings: { auth: 'sprite', private_access: 'org_users' },
  created_at: '2026-01-05T08:00:00.000Z',
  updated_at: '2026-01-05T08:00:00.000Z',
  environment: { A: '1' },
  labels: ['demo'],
  version: 'v0.0.1-rc48',
};

function environment(url: string) {
  return { BERTH_URL: url, BERTH_TOKEN: 'a.b' };
}

/** Somebody who types `answers`. */
function typing(...answers: string[]): Input {
  const next = async (): Promise<string | undefined> => answers.shift();
  return { isTerminal: true, line: next, secret: next };
}

test('create sends what was asked for and prints the URL alone on stdout', async t => {
  const { url, seen } = await serve(t, { 'POST /v1/sprites': box });
  const args = ['--label', 'demo', '--label', 'x', '--env', 'A=1=2', '--public'];
  const { exitCode, out, err } = await berth(environment(url), 'sprite', 'create', 'box', ...args);
  assert.equal(exitCode, 0, err);
  assert.equal(out, box.url);
  assert.match(err, /Go in: berth sprite console box/);
  assert.deepEqual(seen[0]?.body, {
    name: 'box',
    labels: ['demo', 'x'],
    environment: { A: '1=2' },
    url_settings: { auth: 'public' },
  });
});

test('list reads all pages and is plain in a pipe', async t => {
  const { url } = await serve(t, {
    'GET /v1/sprites?max_results=100': { sprites: [box], next_continuation_token: 'more' },
    'GET /v1/sprites?max_results=100&continuation_token=more': {
      sprites: [{ ...box, name: 'other', labels: [] }],
      next_continuation_token: null,
    },
  });
  const { out } = await berth(environment(url), 'sprite', 'list');
  assert.deepEqual(out.split('\n'), [
    'NAME   STATUS  CREATED                   URL',
    'box    warm    2026-01-05T08:00:00.000Z  http://box-abc123.localhost:7070',
    'other  warm    2026-01-05T08:00:00.000Z  http://box-abc123.localhost:7070',
  ]);
  const labelled = await berth(environment(url), 'sprite', 'ls', '--label', 'demo', '--json');
  assert.deepEqual(JSON.parse(labelled.out), { sprites: [box] });
});

test('info shows names of variables, not what they hold', async t => {
  const { url } = await serve(t, { 'GET /v1/sprites/box': { ...box, environment: { KEY: 'hush' } } });
  const { out } = await berth(environment(url), 'sprite', 'info', 'box');
  assert.match(out, /^access +with a token$/m);
  assert.match(out, /^variables +KEY$/m);
  assert.ok(!out.includes('hush'));
});

test('destroy asks first, and is refused where nobody can be asked', async t => {
  const { url, seen } = await serve(t, { 'GET /v1/sprites/box': box, 'DELETE /v1/sprites/box': {} });
  const env = environment(url);
  const alone = await berth(env, 'sprite', 'destroy', 'box');
  assert.equal(alone.exitCode, 2);
  assert.match(alone.err, /To do it: berth sprite destroy --yes box/);
  const refused = await berthWith({ input: typing('n') }, env, 'sprite', 'destroy', 'box');
  assert.deepEqual([refused.exitCode, refused.err], [1, 'berth: nothing is destroyed']);
  assert.ok(seen.every(({ method }) => method === 'GET'));
  const agreed = await berthWith({ input: typing('yes') }, env, 'sprite', 'destroy', 'box');
  assert.deepEqual([agreed.exitCode, agreed.out], [0, 'Sprite box is destroyed']);
  const told = await berth(env, 'sprite', 'destroy', '--yes', 'box', '--json');
  assert.deepEqual(JSON.parse(told.out), { destroyed: ['box'] });
  assert.equal(seen.filter(({ method }) => method === 'DELETE').length, 2);
});

test('url changes who may use it', async t => {
  const { url, seen } = await serve(t, {
    'GET /v1/sprites/box': box,
    'PUT /v1/sprites/box': { ...box, url_settings: { auth: 'public' } },
  });
  const plain = await berth(environment(url), 'sprite', 'url', 'box');
  assert.deepEqual([plain.out, plain.err], [box.url, 'It needs a token of its account.']);
  const open = await berth(environment(url), 'sprite', 'url', 'box', '--auth', 'public');
  assert.equal(open.err, 'Everybody may use it.');
  assert.deepEqual(seen.at(-1)?.body, { url_settings: { auth: 'public' } });
});

test('a checkpoint that failed is told with exit code 1', async t => {
  const line = (event: object) => `${JSON.stringify(event)}\n`;
  const { url, seen } = await serve(t, {
    'POST /v1/sprites/box/checkpoint':
      line({ type: 'info', data: 'Creating checkpoint', time: '' }) +
      line({ type: 'complete', data: 'Checkpoint v1 created', time: '' }),
    'POST /v1/sprites/box/checkpoints/v1/restore':
      line({ type: 'info', data: 'Restoring v1', time: '' }) +
      line({ type: 'error', error: 'the disk is full', time: '' }),
    'POST /v1/sprites/box/checkpoints/v2/restore': line({ type: 'info', data: 'Restoring v2', time: '' }),
  });
  const env = environment(url);
  const made = await berth(env, 'sprite', 'checkpoint', 'create', 'box', '-m', 'first');
  assert.deepEqual([made.exitCode, made.out, made.err], [0, 'Checkpoint v1 created', 'Creating checkpoint']);
  assert.deepEqual(seen[0]?.body, { comment: 'first' });
  const failed = await berth(env, 'sprite', 'checkpoint', 'restore', 'box', 'v1');
  assert.deepEqual([failed.exitCode, failed.err], [1, 'Restoring v1\nberth: the disk is full']);
  const cut = await berth(env, 'sprite', 'checkpoint', 'restore', 'box', 'v2');
  assert.equal(cut.exitCode, 1);
  assert.match(cut.err, /broke off/);
});

test('network rules are set, shown and cleared', async t => {
  const rules = [
    { domain: '*.example.org', action: 'allow' },
    { domain: 'bad.example.org', action: 'deny' },
    { include: 'defaults' },
  ];
  const path = '/v1/sprites/box/policy/network';
  const { url, seen } = await serve(t, { [`POST ${path}`]: {}, [`GET ${path}`]: { rules } });
  const network = (...args: string[]) => berth(environment(url), 'sprite', 'policy', 'network', ...args);
  const none = await network('set', 'box');
  assert.equal(none.exitCode, 2);
  assert.match(none.err, /berth sprite policy network clear box/);
  await network('set', 'box', '--allow', '*.example.org', '--deny', 'bad.example.org', '--defaults');
  assert.deepEqual(seen.at(-1)?.body, { rules });
  assert.deepEqual((await network('get', 'box')).out.split('\n'), [
    'ACTION  NAME',
    'allow   *.example.org',
    'deny    bad.example.org',
    "allow   the server's defaults",
  ]);
  assert.equal((await network('clear', 'box')).out, 'Sprite box may reach everything');
  assert.deepEqual(seen.at(-1)?.body, { rules: [] });
});

test('refusals tell the way out', async t => {
  const { url } = await serve(t, {});
  const wrong: [string[], number, RegExp][] = [
    [['sprite', 'cp', 'a', 'b'], 2, /one of the two must be in a sprite: NAME:PATH/],
    [['sprite', 'cp', 'a', 'box:'], 2, /such as box:notes.txt/],
    [['sprite', 'cp', '/no/such', 'box:x'], 1, /there is no such file/],
    [['sprite', 'url', 'box', '--auth', 'all'], 2, /Allowed choices are public, sprite/],
    [['sprite', 'exec', 'box'], 2, /missing required argument 'command'/],
  ];
  for (const [args, code, text] of wrong) {
    const { exitCode, err } = await berth(environment(url), ...args);
    assert.equal(exitCode, code, `${args.join(' ')}: ${err}`);
    assert.match(err, text);
  }
});
