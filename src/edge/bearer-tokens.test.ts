import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TokenGrant } from './edge.ts';
import { World } from './testing/world.ts';

const token = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN_-9';

async function open(kind: TokenGrant['kind'] = 'bearer'): Promise<World> {
  const world = await World.open();
  await world.http('a1', (req, res) => res.end(JSON.stringify({ url: req.url, headers: req.headers })), {
    access: 'token',
  });
  world.owner.tokens.set(token, { kind, username: 'bob', userData: null, secret: 's' });
  return world;
}

test('a bearer token is accepted as header, and used up by it', async () => {
  await using world = await open();
  const headers = { authorization: `bearer ${token}`, cookie: 'a=1' };
  const seen = JSON.parse((await world.fetch('a1', '/x', { headers })).body);
  assert.equal(seen.url, '/x');
  assert.equal(seen.headers['x-verified-username'], 'bob');
  assert.equal(seen.headers['x-verified-path'], '/x');
  assert.equal(seen.headers.authorization, undefined);
  assert.equal(seen.headers.cookie, 'a=1');
});

test('a bearer token is accepted as cookie, of which the workload sees the others', async () => {
  await using world = await open();
  for (const [sent, seen] of [
    [`_plane_auth=${token}`, undefined],
    [`a=1; _plane_auth=${token}; b=2`, 'a=1; b=2'],
    [`a_plane_auth=x; _plane_auth=${token}`, 'a_plane_auth=x'],
  ] as const) {
    const headers = { cookie: sent, authorization: 'Bearer theirs' };
    const answer = JSON.parse((await world.fetch('a1', '/', { headers })).body);
    assert.equal(answer.headers.cookie, seen);
    assert.equal(answer.headers.authorization, 'Bearer theirs');
    assert.equal(answer.headers['x-verified-username'], 'bob');
  }
});

test('a bearer token is accepted in the path', async () => {
  await using world = await open();
  assert.equal(JSON.parse((await world.fetch('a1', `/${token}/x`)).body).url, '/x');
});

test('a connection token is accepted in no other form than the path', async () => {
  await using world = await open('connection');
  for (const headers of [{ authorization: `Bearer ${token}` }, { cookie: `_plane_auth=${token}` }]) {
    assert.equal((await world.fetch('a1', '/', { headers })).status, 403);
  }
  assert.equal((await world.fetch('a1', `/_plane_auth?token=${token}`)).status, 403);
});

test('a path that looks like a token is left alone when a cookie grants access', async () => {
  await using world = await open();
  const path = `/${'F'.repeat(43)}/x`;
  const answer = await world.fetch('a1', path, { headers: { cookie: `_plane_auth=${token}` } });
  assert.equal(JSON.parse(answer.body).url, path);
});

test('/_plane_auth sets a cookie that scripts cannot read and sends the browser on', async () => {
  await using world = await open();
  const { status, headers } = await world.fetch(
    'a1',
    `/_plane_auth?token=${token}&redirect=%2Fa%3Fb%3D%C3%A9`,
  );
  assert.equal(status, 302);
  assert.equal(headers.location, '/a?b=%C3%A9');
  assert.deepEqual(headers['set-cookie'], [`_plane_auth=${token}; Path=/; HttpOnly; SameSite=Lax`]);
  assert.equal((await world.fetch('a1', `/_plane_auth?token=${token}`)).headers.location, '/');
});

test('the cookie is for TLS only where clients use TLS', async () => {
  await using world = await World.open({ publicUrl: 'https://berth.test' });
  world.route({ id: 'a1', phase: 'pending', access: 'token', stateName: 'Starting' });
  world.owner.tokens.set(token, { kind: 'bearer', userData: null, secret: 's' });
  const { headers } = await world.fetch('a1', `/_plane_auth?token=${token}`);
  assert.match(headers['set-cookie']?.[0] ?? '', /; Secure$/);
});

for (const redirect of [
  'https://evil.test/',
  '//evil.test',
  '/\\evil.test',
  '\\/evil.test',
  '/\t/evil.test',
  '\t//evil.test',
  ' /x',
  'x',
  '',
  '/x\r\nSet-Cookie: a=b',
  '/\u0000',
]) {
  test(`a redirect to ${JSON.stringify(redirect)} is refused`, async () => {
    await using world = await open();
    const path = `/_plane_auth?token=${token}&redirect=${encodeURIComponent(redirect)}`;
    const { status, headers, body } = await world.fetch('a1', path);
    assert.equal(status, 400);
    assert.equal(JSON.parse(body).error.code, 'BadRequest');
    assert.equal(headers['set-cookie'], undefined);
  });
}

test('/_plane_auth refuses other tokens, and is the workload’s own path where access is open', async () => {
  await using world = await open();
  for (const query of ['', '?redirect=/', '?token=x', `?token=${'D'.repeat(43)}`]) {
    const { status, headers } = await world.fetch('a1', `/_plane_auth${query}`);
    assert.equal(status, 403);
    assert.equal(headers['set-cookie'], undefined);
  }
  await world.http('b2', (req, res) => res.end(req.url));
  assert.equal((await world.fetch('b2', `/_plane_auth?token=${token}`)).body, `/_plane_auth?token=${token}`);
});
