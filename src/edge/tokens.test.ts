import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TokenGrant } from './edge.ts';
import { World } from './testing/world.ts';

const token = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN_-9';
const dead = 'D'.repeat(43);
const bob: TokenGrant = { kind: 'connection', username: 'bob', userData: { x: 1 }, secret: 's3' };

async function open(access: 'open' | 'token', grant: TokenGrant = bob): Promise<World> {
  const world = await World.open();
  await world.http('a1', (req, res) => res.end(JSON.stringify({ url: req.url, headers: req.headers })), {
    access,
  });
  world.owner.tokens.set(token, grant);
  return world;
}

for (const access of ['open', 'token'] as const) {
  for (const [sent, seen] of [
    ['', '/'],
    ['/', '/'],
    ['?q', '/?q'],
    ['/rest?q=1', '/rest?q=1'],
    ['//a/../%2e%2F;b?c#', '//a/../%2e%2F;b?c#'],
  ] as const) {
    test(`on a workload with ${access} access, /<token>${sent} arrives as ${seen}`, async () => {
      await using world = await open(access);
      const client = await world.dial();
      client.write(`GET /${token}${sent} HTTP/1.1\r\nHost: a1.localhost\r\nConnection: close\r\n\r\n`);
      const received = await client.untilEnd();
      const { url, headers } = JSON.parse(
        received.slice(received.indexOf('{'), received.lastIndexOf('}') + 1),
      );
      assert.equal(url, seen);
      assert.equal(headers['x-verified-username'], 'bob');
      assert.equal(headers['x-verified-user-data'], '{"x":1}');
      assert.equal(headers['x-verified-secret'], 's3');
      assert.equal(headers['x-verified-backend'], 'a1');
      assert.match(headers['x-verified-path'], new RegExp(`^/${token}`));
      assert.doesNotMatch(headers['x-verified-path'], /\?/);
    });
  }
}

test('a first segment that is no live token is left alone on an open workload', async () => {
  await using world = await open('open');
  for (const path of [
    `/${dead}/x`,
    `/${token}x/y`,
    `/x/${token}/`,
    `/${token.slice(1)}/`,
    `/%61${token.slice(1)}/`,
  ]) {
    const { url, headers } = JSON.parse((await world.fetch('a1', path)).body);
    assert.equal(url, path);
    assert.equal(headers['x-verified-secret'], undefined);
    assert.equal(headers['x-verified-user-data'], undefined);
  }
});

test('a token workload refuses requests without a token', async () => {
  await using world = await open('token');
  for (const path of ['/', '/x', `/${token}x/`, '/_plane_authx?token=x']) {
    const { status, body } = await world.fetch('a1', path);
    assert.equal(status, 403, path);
    assert.equal(JSON.parse(body).error.code, 'Forbidden');
  }
  assert.equal(world.owner.open.has('a1'), false);
});

test('a token that is not, or no longer, live is gone', async () => {
  await using world = await open('token');
  const { status, body } = await world.fetch('a1', `/${dead}/x`);
  assert.equal(status, 410);
  assert.equal(JSON.parse(body).error.code, 'Gone');
});

test('a live token is looked up once, a dead one each time', async () => {
  await using world = await open('token');
  await Promise.all([world.fetch('a1', `/${token}/`), world.fetch('a1', `/${token}/`)]);
  await world.fetch('a1', `/${token}/`);
  assert.deepEqual(world.owner.lookedUp, [`a1/${token}`]);
  await world.fetch('a1', `/${dead}/`);
  await world.fetch('a1', `/${dead}/`);
  assert.equal(world.owner.lookedUp.length, 3);
  world.edge.forget('a1');
  await world.fetch('a1', `/${token}/`);
  assert.equal(world.owner.lookedUp.at(-1), `a1/${token}`);
});

test('user and user data are sent as UTF-8 and as ASCII JSON, and cannot add headers', async () => {
  const grant = { ...bob, username: 'zoë\r\nx-evil: 1', userData: { name: 'zoë\r\n\u007f' } };
  await using world = await open('token', grant);
  const { headers } = JSON.parse((await world.fetch('a1', `/${token}/`)).body);
  assert.equal(Buffer.from(headers['x-verified-username'], 'latin1').toString(), 'zoë  x-evil: 1');
  assert.equal(headers['x-verified-user-data'], '{"name":"zo\\u00eb\\r\\n\\u007f"}');
  assert.equal(headers['x-evil'], undefined);
});

test('a grant without user and user data has no username and {}', async () => {
  await using world = await open('token', { kind: 'connection', userData: undefined, secret: 's' });
  const { headers } = JSON.parse((await world.fetch('a1', `/${token}/`)).body);
  assert.equal(headers['x-verified-username'], undefined);
  assert.equal(headers['x-verified-user-data'], '{}');
});

test('an own Authorization header passes through beside the token in the path', async () => {
  await using world = await open('token');
  const { body } = await world.fetch('a1', `/${token}/`, { headers: { authorization: 'Bearer theirs' } });
  assert.equal(JSON.parse(body).headers.authorization, 'Bearer theirs');
});

test('the token of a held request is checked before it counts', async () => {
  await using world = await World.open();
  world.owner.tokens.set(token, bob);
  world.route({ id: 'a1', phase: 'pending', access: 'token', stateName: 'Starting' });
  assert.equal((await world.fetch('a1', '/')).status, 403);
  assert.equal(world.owner.open.has('a1'), false);
  const held = world.fetch('a1', `/${token}/x`);
  await world.untilOpen('a1', 1);
  await world.http('a1', (req, res) => res.end(req.url), { access: 'token' });
  assert.equal((await held).body, '/x');
});
