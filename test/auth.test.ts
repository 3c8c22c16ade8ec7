import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Account,
  type ApiRoute,
  assertRefused,
  eventually,
  fill,
  forEachRuntime,
  routeName,
  type SpawnResult,
  TestBackend,
  v1Routes,
  type World,
} from './support/index.ts';

const berthRoutes: readonly ApiRoute[] = [
  { method: 'GET', path: '/berth/v1/tokens', access: 'token' },
  { method: 'POST', path: '/berth/v1/tokens', access: 'token' },
  { method: 'GET', path: '/berth/v1/accounts', access: 'token' },
  { method: 'POST', path: '/berth/v1/accounts', access: 'token' },
  { method: 'GET', path: '/berth/v1/images', access: 'token' },
  { method: 'GET', path: '/berth/v1/images/usage', access: 'token' },
  { method: 'POST', path: '/berth/v1/images/pull', access: 'token' },
  { method: 'DELETE', path: '/berth/v1/images/any/v1', access: 'token' },
  { method: 'GET', path: '/berth/v1/accounts/{account}/members', access: 'token' },
  { method: 'POST', path: '/berth/v1/accounts/{account}/members', access: 'token' },
  { method: 'DELETE', path: '/berth/v1/accounts/{account}/members/{user}', access: 'token' },
  { method: 'GET', path: '/berth/v1/users', access: 'token' },
  { method: 'POST', path: '/berth/v1/users', access: 'token' },
  { method: 'PATCH', path: '/berth/v1/users/{user}', access: 'token' },
  { method: 'DELETE', path: '/berth/v1/users/{user}', access: 'token' },
  { method: 'PUT', path: '/berth/v1/users/{user}/password', access: 'token' },
  { method: 'GET', path: '/berth/v1/sessions', access: 'token' },
  { method: 'DELETE', path: '/berth/v1/sessions/{session}', access: 'token' },
  { method: 'GET', path: '/berth/v1/me', access: 'token' },
  { method: 'POST', path: '/berth/v1/logout', access: 'token' },
];
const withToken = v1Routes.filter(({ access }) => access === 'token');
const publicOfBackend = v1Routes.filter(
  ({ access, path }) => access === 'everybody' && path.includes('{backend}'),
);
const ofAccount = withToken.filter(({ path }) => path.includes('{account}'));
const ofBackend = withToken.filter(({ path }) => path.includes('{backend}'));

const settings = { 'process.allow_users': true };

forEachRuntime('who may do what', { runtimes: ['process'], settings }, world => {
  for (const route of [...withToken, ...berthRoutes]) {
    test(`${routeName(route)} refuses whoever has no valid token`, async () => {
      const names = { account: 'admin', service: 'any', backend: 'any' };
      for (const authorization of await uselessCredentials(world)) {
        const answer = await world.api(fill(route.path, names), {
          method: route.method,
          token: null,
          headers: authorization === undefined ? {} : { authorization },
        });
        assertRefused(answer, 401, 'InvalidAuth');
      }
    });
  }

  for (const route of ofAccount) {
    test(`${routeName(route)} tells nothing of other accounts`, async () => {
      const [mine, other] = await Promise.all([newAccount(world), newAccount(world)]);
      const service = await newService(world, other);
      const messages = new Set<string>();
      for (const account of [other.name, 'admin', 'there-is-no-such-account']) {
        for (const name of [service, 'there-is-no-such-service']) {
          const path = fill(route.path, { account, service: name });
          const answer = await world.api(path, { method: route.method, token: mine.token });
          messages.add(assertRefused(answer, 403, 'Forbidden'));
        }
      }
      assert.equal(messages.size, 1, 'refusals differ, so names can be probed');
      assert.deepEqual(await servicesOf(world, other), [service]);
    });
  }

  for (const route of ofBackend) {
    test(`${routeName(route)} refuses another account's backend`, async () => {
      const [mine, other] = await Promise.all([newAccount(world), newAccount(world)]);
      const backend = await newBackend(world, other);
      const path = fill(route.path, { backend: backend.id });
      const options = { method: route.method, token: mine.token };
      assertRefused(await world.api(path, options), 403, 'Forbidden');
      const asOther = { 'x-jamsocket-admin-as-account': other.name };
      assertRefused(await world.api(path, { ...options, headers: asOther }), 403, 'Forbidden');
      assertRefused(await world.api(path, { method: route.method }), 403, 'Forbidden');
      assert.equal((await backend.status()).state, 'Ready');
    });
  }

  for (const route of publicOfBackend) {
    test(`${routeName(route)} needs no token and looks at none`, async () => {
      const backend = await newBackend(world, await newAccount(world));
      for (const headers of [{}, { authorization: 'Bearer not.valid' }, { authorization: 'nonsense' }]) {
        const path = fill(route.path, { backend: backend.id });
        const answer = await world.server.openApi(path, { token: null, headers });
        answer.destroy();
        assert.equal(answer.statusCode, 200);
      }
    });
  }

  for (const route of [...ofAccount, ...ofBackend].filter(({ path }) => /\{(service|backend)\}/.test(path))) {
    test(`${routeName(route)} does not find what the own account does not have`, async () => {
      const { name: account, token } = await newAccount(world);
      const path = fill(route.path, { account, service: 'nope', backend: 'nope' });
      assertRefused(await world.api(path, { method: route.method, token }), 404, 'NotFound');
    });
  }

  test('an administrator acts on an account that the header names, and on no other', async () => {
    const [account, other] = await Promise.all([newAccount(world), newAccount(world)]);
    const path = `/user/${account.name}/services`;
    const as = (name: string) => ({ headers: { 'x-jamsocket-admin-as-account': name } });
    assert.deepEqual((await world.api(path, as(account.name))).ok(), { services: [] });
    assertRefused(await world.api(path, as(other.name)), 403, 'Forbidden');
    assertRefused(await world.api(path), 403, 'Forbidden');
    assertRefused(await world.api(path, { ...as(account.name), token: other.token }), 403, 'Forbidden');
    assert.equal((await world.api('/user/admin/services', as(account.name))).status, 200);
  });

  test("an administrator reaches another account's backend by naming its owner", async () => {
    const account = await newAccount(world);
    const backend = await newBackend(world, account);
    const headers = { 'x-jamsocket-admin-as-account': account.name };
    const info = (await world.api(`/backend/${backend.id}`, { headers })).ok();
    assert.equal(info.account_name, account.name);
    (await world.api(`/backend/${backend.id}/terminate`, { headers, body: {} })).ok();
    await backend.reaches('Terminated');
  });

  test('informational headers of clients change nothing', async () => {
    const [account, other] = await Promise.all([newAccount(world), newAccount(world)]);
    const headers = {
      'x-user-host': 'laptop',
      'x-jamsocket-account': other.name,
      'x-jamsocket-user': 'somebody',
    };
    const answer = await world.api('/auth', { token: account.token, headers });
    assert.equal(answer.ok().account, account.name);
    assertRefused(
      await world.api(`/user/${other.name}/services`, { token: account.token, headers }),
      403,
      'Forbidden',
    );
  });

  test('a token tells whose it is', async () => {
    const account = await newAccount(world);
    const expected = { status: 'ok', account: account.name, accounts: [account.name], is_admin: false };
    for (const path of ['/auth', '/v1/auth']) {
      assert.deepEqual((await world.api(path, { token: account.token })).ok(), expected);
    }
    assert.equal((await world.api('/auth')).ok().account, 'admin');
  });

  test('the scheme may be written in any case', async () => {
    const { name, token } = await newAccount(world);
    for (const authorization of [`bearer ${token}`, `BEARER ${token}`, `Bearer   ${token}`]) {
      const answer = await world.api('/auth', { token: null, headers: { authorization } });
      assert.equal(answer.ok().account, name);
    }
  });

  test('lists hold nothing of other accounts', async () => {
    const [mine, other] = await Promise.all([newAccount(world), newAccount(world)]);
    const [myBackend, otherBackend] = await Promise.all([newBackend(world, mine), newBackend(world, other)]);
    for (const [account, backend] of [
      [mine, myBackend],
      [other, otherBackend],
    ] as const) {
      const path = `/user/${account.name}/backends`;
      const { running_backends: live } = (await world.api(path, { token: account.token })).ok<{
        running_backends: { name: string; account_name: string }[];
      }>();
      assert.deepEqual(
        live.map(({ name }) => name),
        [backend.id],
      );
    }
  });

  test('services of one name in two accounts, and locks of one name, are different things', async () => {
    const accounts = await Promise.all([newAccount(world), newAccount(world)]);
    const ids = new Set<string>();
    for (const account of accounts) {
      const service = await newService(world, account);
      const path = `/user/${account.name}/service/${service}/spawn`;
      const answer = await world.api(path, { token: account.token, body: { lock: 'doc' } });
      ids.add(answer.ok<SpawnResult>().name);
    }
    assert.equal(ids.size, 2);
  });

  test('only administrators make accounts', async () => {
    const account = await newAccount(world);
    const body = { name: 'accounts' };
    const answer = await world.api('/berth/v1/accounts', { token: account.token, body });
    assertRefused(answer, 403, 'Forbidden');
  });

  test("nobody makes or sees another account's tokens", async () => {
    const [mine, other] = await Promise.all([newAccount(world), newAccount(world)]);
    const options = { token: mine.token };
    const path = `/berth/v1/tokens?account=${other.name}`;
    assertRefused(await world.api(path, options), 403, 'Forbidden');
    const body = { account: other.name };
    assertRefused(await world.api('/berth/v1/tokens', { ...options, body }), 403, 'Forbidden');
    const { tokens } = (await world.api('/berth/v1/tokens', { token: other.token })).ok<{
      tokens: { id: string }[];
    }>();
    const [theirs] = tokens;
    const revoke = { ...options, method: 'DELETE' };
    assertRefused(await world.api(`/berth/v1/tokens/${theirs?.id}`, revoke), 404, 'NotFound');
    assertRefused(
      await world.api(`/berth/v1/tokens/${theirs?.id}?account=${other.name}`, revoke),
      403,
      'Forbidden',
    );
    assert.equal((await world.api('/auth', { token: other.token })).status, 200);
  });
});

let accounts = 0;

async function newAccount(world: World): Promise<Account> {
  accounts += 1;
  return await world.account(`account-${accounts}`);
}

async function newService(world: World, { name, token }: Account): Promise<string> {
  const command = {
    command: 'node',
    args: ['-e', 'require("http").createServer().listen(process.env.PORT)'],
  };
  const body = { name: 'web', ...command };
  (await world.api(`/user/${name}/service`, { token, body })).ok();
  return body.name;
}

async function newBackend(world: World, account: Account): Promise<TestBackend> {
  const service = await newService(world, account);
  const path = `/user/${account.name}/service/${service}/spawn`;
  const answer = await world.api(path, { token: account.token, body: {} });
  const backend = new TestBackend(world.server, answer.ok<SpawnResult>());
  await backend.reaches('Ready');
  return backend;
}

async function servicesOf(world: World, { name, token }: Account): Promise<string[]> {
  return (await world.api(`/user/${name}/services`, { token })).ok<{ services: string[] }>().services;
}

const useless = new WeakMap<World, Promise<(string | undefined)[]>>();

/** Values of `Authorization` that must not let anybody in; undefined = none. */
function uselessCredentials(world: World): Promise<(string | undefined)[]> {
  const known = useless.get(world) ?? makeUselessCredentials(world);
  useless.set(world, known);
  return known;
}

async function makeUselessCredentials(world: World): Promise<(string | undefined)[]> {
  const { name: account, token } = await newAccount(world);
  const [publicPart = '', secret = ''] = token.split('.');
  const expiring = await world.token({ account, expires_in_seconds: 1 });
  assert.equal((await world.api('/auth', { token: expiring })).status, 200);
  await eventually('the expiry of a token', async () => {
    return (await world.api('/auth', { token: expiring })).status === 401;
  });
  return [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    token,
    `Basic ${Buffer.from(`${publicPart}:${secret}`).toString('base64')}`,
    `Token ${token}`,
    'Bearer unknown.token',
    'Bearer without-a-dot',
    'Bearer .',
    `Bearer ${publicPart}`,
    `Bearer ${publicPart}.`,
    `Bearer ${publicPart}.${secret.slice(0, -1)}`,
    `Bearer ${token}x`,
    `Bearer ${token.toUpperCase()}`,
    `Bearer ${token} ${token}`,
    `Bearer ${token}, Bearer ${token}`,
    `Bearer ${'a'.repeat(6_000)}.${'b'.repeat(6_000)}`,
    `Bearer ${expiring}`,
    `Bearer ${await revokedToken(world, account)}`,
  ];
}

async function revokedToken(world: World, account: string): Promise<string> {
  const path = '/berth/v1/tokens';
  const made = (await world.api(path, { body: { account } })).ok<{ id: string; token: string }>();
  assert.equal((await world.api('/auth', { token: made.token })).status, 200);
  (await world.api(`${path}/${made.id}?account=${account}`, { method: 'DELETE' })).ok();
  return made.token;
}
