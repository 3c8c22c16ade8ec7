import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, forEachRuntime, send } from '../support/index.ts';
import { assertRefused } from './support.ts';

const uuid = '00000000-0000-4000-8000-000000000000';
const runtimes = ['process'] as const;
const page = 'https://app.example.com';
const settings = { 'rerobots.rate.anonymous': 0, 'rerobots.cors_origins': page };

forEachRuntime('common rules of the workspace API', { runtimes, settings }, world => {
  const ask = (path: string, options: Parameters<typeof world.api>[1] = {}) =>
    world.api(path, { token: null, ...options });

  test('what there is no route for below its own segments is not recognized', async () => {
    for (const [method, path] of [
      ['GET', '/instances/a/b'],
      ['PUT', '/instances'],
      ['PATCH', '/workspaces'],
      ['POST', '/workspaces'],
      ['GET', '/instance/xyz'],
      ['GET', `/instance/${uuid}x`],
      ['POST', '/new/bad-type!'],
      ['POST', '/revoke/abc'],
      ['GET', '/hardshare/nothing/of/this/kind'],
      ['DELETE', `/deployment/${uuid}/rule/abc`],
    ] as const) {
      const answer = await ask(path, { method });
      assertRefused(answer, 400, 'unrecognized command');
      assert.equal(answer.headers.allow, undefined);
    }
    const head = await ask('/workspaces', { method: 'HEAD' });
    assert.deepEqual([head.status, head.text], [400, '']);
    assert.equal((await ask('/nosuch')).status, 404);
    assert.equal((await ask('/nosuch')).headers['x-ratelimit-limit'], undefined);
  });

  test('texts stand where clients of each path look for them', async () => {
    const fields = async (path: string) => Object.keys((await ask(path, { method: 'PUT' })).json()).sort();
    assert.deepEqual(await fields('/instances'), ['error_message']);
    assert.deepEqual(await fields('/new/x'), ['error', 'error_message']);
    assert.deepEqual(await fields('/qlen'), ['error', 'error_message']);
    assert.deepEqual(await fields('/terminate/x'), ['error_message', 'result_message']);
    assert.deepEqual(await fields('/newer'), ['error']);
  });

  test('the root is a summary for programs and a page for people', async () => {
    const { create_instance: create } = (await ask('/')).ok();
    assert.equal(create, `${world.server.url}/new{/workspace_type,deployment_id}`);
    const html = await ask('/', { headers: { accept: 'text/html,application/xhtml+xml' } });
    assert.match(String(html.headers['content-type']), /^text\/html/);
    assert.match(html.text, /Berth/);
  });

  test('another version is refused where no other type is accepted', async () => {
    const version = (accept: string) => ask('/', { headers: { accept } });
    assertRefused(await version('application/vnd.rerobots.v2+json'), 406, 'unsupported API version');
    assert.equal((await version('application/vnd.rerobots.v1+json')).status, 200);
    assert.equal((await version('application/vnd.rerobots.v2+json, */*')).status, 200);
  });

  test('web pages may ask; those of listed origins with credentials', async () => {
    const origin = async (path: string, from: string, method = 'GET') => {
      const { headers, status, text } = await ask(path, { method, headers: { origin: from } });
      return { status, text, headers };
    };
    const known = await origin('/', page);
    assert.equal(known.headers['access-control-allow-origin'], page);
    assert.equal(known.headers['access-control-allow-credentials'], 'true');
    assert.match(String(known.headers.vary), /Origin/);
    const refused = await origin('/instances/a/b', 'https://evil.example');
    assert.equal(refused.headers['access-control-allow-origin'], '*');
    assert.equal(refused.headers['access-control-allow-credentials'], undefined);
    assert.equal(refused.headers['access-control-allow-methods'], 'GET,POST,DELETE');
    const preflight = await origin('/new/x', 'https://other.example', 'OPTIONS');
    assert.deepEqual([preflight.status, preflight.text], [200, '']);
    assert.equal(preflight.headers['access-control-allow-headers'], 'Authorization,Content-Type');
  });
});

const rates = {
  'rerobots.rate.anonymous': 5,
  'rerobots.rate.token': 3,
  'rerobots.rate.window': 600,
  trusted_proxies: '127.0.0.1',
};

forEachRuntime('the rate limit of the workspace API', { runtimes, settings: rates }, world => {
  const figures = ({ headers, status }: Answer) => [
    status,
    headers['x-ratelimit-limit'],
    headers['x-ratelimit-remaining'],
  ];
  const from = (address: string, path = '/', more: object = {}) =>
    send(world.server.url + path, { headers: { 'x-forwarded-for': address, ...more } });

  test('counts every request of an address, refusals too, and lets no further one in', async () => {
    const before = Date.now() / 1_000;
    const first = await from('192.0.2.1');
    assert.deepEqual(figures(first), [200, '5', '4']);
    const reset = Number(first.headers['x-ratelimit-reset']);
    assert.ok(Number.isInteger(reset) && reset > before && reset <= Date.now() / 1_000 + 600);
    assert.deepEqual(figures(await from('192.0.2.1', '/instances/a/b')), [400, '5', '3']);
    const large = await send(`${world.server.url}/new`, {
      headers: { 'x-forwarded-for': '192.0.2.1', 'content-length': '70000' },
      method: 'POST',
      body: Buffer.alloc(70_000),
    });
    assert.deepEqual(figures(large), [413, '5', '2']);
    assertRefused(large, 413, 'request body too large');
    const wrong = await from('192.0.2.1', '/', { authorization: 'Bearer nobody.knows' });
    assert.deepEqual(figures(wrong), [200, '5', '1']);
    assert.deepEqual(figures(await from('::ffff:192.0.2.1')), [200, '5', '0']);
    for (let n = 0; n < 2; n++) {
      const refused = await from('192.0.2.1');
      assert.deepEqual(figures(refused), [403, '5', '0']);
      assertRefused(refused, 403, 'rate limit exceeded');
      assert.ok(Number(refused.headers['retry-after']) >= 1);
      assert.equal(refused.headers['x-ratelimit-reset'], String(reset));
    }
    assert.deepEqual(figures(await from('192.0.2.2')), [200, '5', '4']);
  });

  test('counts a valid token by itself, wherever it comes from', async () => {
    const token = await world.token();
    const withToken = (address: string) => from(address, '/', { authorization: `Bearer ${token}` });
    assert.deepEqual(figures(await withToken('192.0.2.11')), [200, '3', '2']);
    assert.deepEqual(figures(await withToken('192.0.2.12')), [200, '3', '1']);
    await withToken('192.0.2.13');
    assert.deepEqual(figures(await withToken('192.0.2.14')), [403, '3', '0']);
    assert.deepEqual(figures(await from('192.0.2.14')), [200, '5', '4']);
  });

  test('does not count questions of browsers about other origins', async () => {
    const asked = () => world.api('/workspaces', { method: 'OPTIONS', token: null });
    for (let n = 0; n < 7; n++) {
      const { status, headers } = await asked();
      assert.deepEqual([status, headers['x-ratelimit-limit']], [200, undefined]);
    }
  });
});
