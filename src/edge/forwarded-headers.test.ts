import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from './testing/world.ts';

async function seenBy(
  world: World,
  headers: Record<string, string | string[]>,
): Promise<Record<string, string>> {
  await world.http('a1', (req, res) => res.end(JSON.stringify(req.headers)));
  return JSON.parse((await world.fetch('a1', '/p?q', { headers })).body);
}

test('what a client says in x-verified headers never reaches the workload', async () => {
  await using world = await World.open();
  const seen = await seenBy(world, {
    'x-verified-username': 'eve',
    'X-VERIFIED-USER-DATA': '{}',
    'x-verified-path': '/other',
    'x-verified-anything': '1',
    x_verified_username: 'eve',
    'x-verified_username': 'eve',
    X_Forwarded_For: '6.6.6.6',
  });
  const verified = Object.entries(seen).filter(([name]) => /x[-_]verified/i.test(name));
  assert.deepEqual(Object.fromEntries(verified), { 'x-verified-path': '/p', 'x-verified-backend': 'a1' });
  assert.doesNotMatch(JSON.stringify(seen), /6\.6\.6\.6/);
});

test('the client address is appended, scheme and host are set, Host is kept', async () => {
  await using world = await World.open({ publicUrl: 'https://berth.test' });
  const seen = await seenBy(world, {
    host: 'A1.LOCALHOST:81',
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-proto': 'gopher',
    'x-forwarded-host': 'evil.test',
  });
  assert.equal(seen['x-forwarded-for'], '1.2.3.4, 127.0.0.1');
  assert.equal(seen['x-forwarded-proto'], 'https');
  assert.equal(seen['x-forwarded-host'], 'A1.LOCALHOST:81');
  assert.equal(seen.host, 'A1.LOCALHOST:81');
});

test('an open workload gets Authorization and cookies as they are', async () => {
  await using world = await World.open();
  const seen = await seenBy(world, { authorization: 'Bearer mine', cookie: ['a=1', '_plane_auth=x'] });
  assert.equal(seen.authorization, 'Bearer mine');
  assert.equal(seen.cookie, 'a=1; _plane_auth=x');
});

test('bytes beyond ASCII in header values stay as sent', async () => {
  await using world = await World.open();
  const latin1 = Buffer.from('grüße', 'utf8').toString('latin1');
  assert.equal((await seenBy(world, { 'x-greeting': latin1 }))['x-greeting'], latin1);
});
