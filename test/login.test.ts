import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import {
  type Answer,
  allEvents,
  assertRefused,
  forEachRuntime,
  type SendOptions,
  type World,
} from './support/index.ts';

const password = 'correct horse battery';
const settings = { 'login.attempts_per_minute': 1_000, 'login.tries_per_minute': 1_000 };

interface Made {
  readonly token: string;
}

interface Session extends Made {
  readonly uuid: string;
}

/** A browser: what it keeps of a login. */
interface Browser {
  readonly cookie: string;
  readonly csrf: string;
}

forEachRuntime('logging in', { runtimes: ['process'], settings, concurrency: 4 }, world => {
  let users = 0;

  /** A user of their own, in a browser. */
  const loggedIn = async (more: object = {}): Promise<Browser & { readonly name: string }> => {
    users += 1;
    const name = `user-${users}`;
    (await world.api('/berth/v1/users', { body: { name, password, ...more } })).ok();
    return { name, ...(await logIn(world, name)) };
  };

  test('a command line gets a session for the code that a person reads', async () => {
    const { token } = (await world.api('/cli-login', { token: null, body: {} })).ok<{ token: string }>();
    assert.match(token, /^[A-Za-z0-9_-]{43}$/);
    const stream = await world.server.openApi(`/cli-login/${token}/status/stream`, { token: null });
    const events = allEvents(stream);
    const early = await complete(world, token, '0000');
    assertRefused(early, 401, 'InvalidAuth');

    const { code, ...rest } = (await world.api(`/cli-login/${token}/approve`, { method: 'POST' })).ok();
    assert.deepEqual(rest, { status: 'ok' });
    assert.match(String(code), /^\d{4}$/);
    assert.deepEqual(await events, [{ data: '{"status":"ok"}' }]);
    const again = await world.server.openApi(`/v1/cli_login/${token}/status/stream`, {
      token: null,
      headers: { accept: 'text/event-stream' },
    });
    assert.deepEqual(await allEvents(again), [{ id: 1, data: '{"status":"ok"}' }]);

    assertRefused(await complete(world, token, wrong(String(code))), 401, 'InvalidAuth');
    const session = (await complete(world, token, String(code))).ok<Session & Record<string, unknown>>();
    const { uuid, token: secret, created_at: created, expiration, ...shown } = session;
    assert.match(String(uuid), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.match(String(secret), /^[^.]+\.[^.]+$/);
    assert.equal(Date.parse(String(expiration)) - Date.parse(String(created)), 90 * 86_400_000);
    assert.deepEqual(Object.keys(shown), ['user_id', 'user_agent', 'user_is_admin']);
    assert.equal(shown.user_is_admin, true);
    assertRefused(await complete(world, token, String(code)), 404, 'NotFound');

    const auth = { status: 'ok', account: 'admin', accounts: ['admin'], is_admin: true };
    assert.deepEqual((await world.api('/auth', { token: String(secret) })).ok(), auth);
    assert.deepEqual((await world.api('/v2/auth', { token: String(secret) })).ok(), auth);
    const end = await world.api(`/user-session/${uuid}/delete`, { token: String(secret), method: 'POST' });
    assert.deepEqual(end.ok(), { status: 'ok' });
    assertRefused(await world.api('/auth', { token: String(secret) }), 401, 'InvalidAuth');
  });

  test('every spelling does the same', async () => {
    for (const [prefix, word] of [
      ['', 'cli-login'],
      ['/v1', 'cli-login'],
      ['', 'cli_login'],
      ['/v1', 'cli_login'],
    ]) {
      const base = `${prefix}/${word}`;
      const { token } = (await world.api(base, { token: null, method: 'POST' })).ok<Made>();
      const { code } = (await world.api(`${base}/${token}/approve`, { method: 'POST' })).ok();
      const answer = await world.api(`${base}/${token}/complete`, { token: null, body: { code } });
      const session = answer.ok<Session>();
      const path = `${prefix}/${String(word).replace('cli', 'user').replace('login', 'session')}/${session.uuid}`;
      const end = prefix === '' ? { method: 'DELETE' } : { method: 'POST' };
      const suffix = prefix === '' ? '' : '/delete';
      (await world.api(path + suffix, { ...end, token: session.token })).ok();
      assert.equal((await world.api('/auth', { token: session.token })).status, 401);
    }
  });

  test('the fifth wrong code ends it', async () => {
    const token = await begin(world);
    const { code } = (await world.api(`/cli-login/${token}/approve`, { method: 'POST' })).ok();
    for (let n = 0; n < 5; n += 1) {
      assertRefused(await complete(world, token, wrong(String(code))), 401, 'InvalidAuth');
    }
    assertRefused(await complete(world, token, String(code)), 404, 'NotFound');
    const stream = await world.server.openApi(`/cli-login/${token}/status/stream`, { token: null });
    stream.destroy();
    assert.equal(stream.statusCode, 404);
  });

  test('a denied one fails', async () => {
    const token = await begin(world);
    const events = allEvents(
      await world.server.openApi(`/cli-login/${token}/status/stream`, { token: null }),
    );
    (await world.api(`/cli-login/${token}/deny`, { method: 'POST' })).ok();
    assert.deepEqual(await events, [{ data: '{"status":"failed"}' }]);
    assertRefused(await complete(world, token, '0000'), 401, 'InvalidAuth');
    assertRefused(await world.api(`/cli-login/${token}/approve`, { method: 'POST' }), 410, 'Gone');
  });

  test('an unknown one is not found, and a code is a string', async () => {
    const unknown = 'x'.repeat(43);
    for (const [method, path] of [
      ['GET', 'status/stream'],
      ['POST', 'complete'],
      ['POST', 'approve'],
      ['POST', 'deny'],
    ] as const) {
      assertRefused(await world.api(`/cli-login/${unknown}/${path}`, { method }), 404, 'NotFound');
    }
    const token = await begin(world);
    for (const body of [{}, { code: 1234 }, { code: null }, { code: ['1'] }, { code: 'x'.repeat(65) }]) {
      const answer = await world.api(`/cli-login/${token}/complete`, { token: null, body });
      assert.match(assertRefused(answer, 400, 'BadRequest'), /\bcode\b/);
    }
  });

  test('a browser logs in, is known by its cookie, and logs out', async () => {
    const { name, cookie, csrf } = await loggedIn({ email: 'one@example.org' });
    const me = (await asBrowser(world, '/berth/v1/me', { cookie })).ok();
    const { session, csrf_token: csrfToken, ...rest } = me;
    assert.deepEqual(rest, { account: name, accounts: [name], role: 'manage', email: 'one@example.org' });
    assert.equal(csrfToken, csrf);
    const { sessions } = (await asBrowser(world, '/berth/v1/sessions', { cookie })).ok<{
      sessions: object[];
    }>();
    assert.equal(sessions.length, 1);
    assert.equal((sessions[0] as { id: string }).id, (session as { id: string }).id);

    const out = await asBrowser(world, '/berth/v1/logout', { cookie, csrf, method: 'POST' });
    assert.deepEqual(out.ok(), { status: 'ok' });
    assert.match(String(out.headers['set-cookie']), /^berth_session=; Max-Age=0;/);
    assertRefused(await asBrowser(world, '/berth/v1/me', { cookie }), 401, 'InvalidAuth');
  });

  test("a browser's session is a cookie that no script sees, and no token", async () => {
    const { name } = await loggedIn();
    const answer = await logInAnswer(world, name, password);
    const [cookie = ''] = answer.headers['set-cookie'] ?? [];
    assert.match(
      cookie,
      /^berth_session=[a-z0-9]{16}\.[\w-]{43}; Max-Age=7776000; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    assert.equal(answer.headers['cache-control'], 'no-store');
    const token = cookie.split(';')[0]?.split('=')[1] ?? '';
    assertRefused(await world.api('/auth', { token }), 401, 'InvalidAuth');
    const value = cookie.split(';')[0] ?? '';
    // Only where a browser has to get through.
    assertRefused(await asBrowser(world, '/auth', { cookie: value }), 401, 'InvalidAuth');
    for (const odd of [`${value}; ${value}`, `${value}x`, 'berth_session=', 'berth_session', `x${value}`]) {
      assertRefused(await asBrowser(world, '/berth/v1/me', { cookie: odd }), 401, 'InvalidAuth');
    }
    // A token that is given is looked at alone.
    const both = await world.api('/berth/v1/me', { token: 'not.valid', headers: { cookie: value } });
    assertRefused(both, 401, 'InvalidAuth');
  });

  test('wrong names and passwords are told apart by nothing', async () => {
    const { name } = await loggedIn();
    const told = new Set<string>();
    for (const [user, guess] of [
      [name, 'wrong password'],
      ['nobody', 'wrong password'],
      ['nobody', password],
      [name.toUpperCase(), password],
      ['admin', 'wrong password'],
    ] as const) {
      told.add(assertRefused(await logInAnswer(world, user, guess), 401, 'InvalidAuth'));
    }
    assert.equal(told.size, 1);
  });

  test('a page of another origin can do nothing', async () => {
    const { cookie, csrf } = await loggedIn();
    const token = await begin(world);
    const path = `/cli-login/${token}/approve`;
    const host = `127.0.0.1:${world.server.port}`;
    const foreign: readonly Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://backend.${host}` },
      { origin: `http://127.0.0.1:${world.server.port + 1}` },
      { origin: 'http://127.0.0.1' },
      { origin: 'nonsense' },
      { origin: `file://${host}` },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of foreign) {
      const refused = await asBrowser(world, path, { cookie, csrf, method: 'POST', headers });
      assertRefused(refused, 403, 'Forbidden');
      const login = await world.api('/berth/v1/login', {
        token: null,
        headers,
        body: { name: 'x', password: 'x' },
      });
      assertRefused(login, 403, 'Forbidden');
    }
    for (const forged of ['', 'x'.repeat(43), `${csrf}x`]) {
      const refused = await asBrowser(world, path, { cookie, csrf: forged, method: 'POST' });
      assertRefused(refused, 403, 'Forbidden');
    }
    assertRefused(await asBrowser(world, path, { cookie, method: 'POST' }), 403, 'Forbidden');
    const own: readonly Record<string, string>[] = [
      { origin: `http://${host}` },
      { origin: `http://localhost:${world.server.port}` },
      { 'sec-fetch-site': 'same-origin' },
    ];
    for (const headers of own) {
      (await asBrowser(world, path, { cookie, csrf, method: 'POST', headers })).ok();
    }
  });

  test('a disabled user is refused with whatever they come, until they are enabled', async () => {
    const { name, cookie } = await loggedIn();
    const session = await sessionOf(world, await world.token({ account: name }));
    const change = (enabled: boolean) =>
      world.api(`/berth/v1/users/${name}`, { method: 'PATCH', body: { enabled } });
    (await change(false)).ok();
    assertRefused(await world.api('/auth', { token: session.token }), 403, 'UserNotEnabled');
    assertRefused(await asBrowser(world, '/berth/v1/me', { cookie }), 403, 'UserNotEnabled');
    assertRefused(await logInAnswer(world, name, password), 403, 'UserNotEnabled');
    assertRefused(await logInAnswer(world, name, 'wrong password'), 401, 'InvalidAuth');
    (await change(true)).ok();
    assert.equal((await world.api('/auth', { token: session.token })).status, 200);
  });

  test('a session acts for the organisations of its user, a token for one account', async () => {
    const { name } = await loggedIn();
    for (const organisation of ['zebra', 'aardvark']) {
      await world.account(organisation);
      const path = `/berth/v1/accounts/${organisation}/members`;
      (await world.api(path, { body: { user: name } })).ok();
      assert.deepEqual((await world.api(path)).ok(), { members: [name] });
    }
    const apiToken = await world.token({ account: name });
    const { token } = await sessionOf(world, apiToken);
    const accounts = [name, 'aardvark', 'zebra'];
    assert.deepEqual((await world.api('/auth', { token })).ok(), {
      status: 'ok',
      account: name,
      accounts,
      is_admin: false,
    });
    assert.deepEqual((await world.api('/auth', { token: apiToken })).ok().accounts, [name]);
    (await world.api('/user/zebra/service', { token, body: { name: 'web' } })).ok();
    const made = await world.api('/user/zebra/service/web/token', { token, body: {} });
    (await world.api(`/token/${made.ok<Made>().token}`, { token, method: 'DELETE' })).ok();
    assertRefused(await world.api('/user/zebra/services', { token: apiToken }), 403, 'Forbidden');
    const pushing = (secret: string) => {
      const headers = { authorization: `Basic ${Buffer.from(`zebra:${secret}`).toString('base64')}` };
      return world.api('/v2/zebra/web/tags/list', { token: null, headers });
    };
    assert.deepEqual([(await pushing(token)).status, (await pushing(apiToken)).status], [200, 401]);
    const remove = { method: 'DELETE' };
    (await world.api(`/berth/v1/accounts/zebra/members/${name}`, remove)).ok();
    assertRefused(await world.api('/user/zebra/services', { token }), 403, 'Forbidden');
    assertRefused(await world.api(`/berth/v1/accounts/zebra/members/${name}`, remove), 404, 'NotFound');
  });

  test("an administrator's session acts on an account that it names", async () => {
    const { name } = await loggedIn({ role: 'super_admin' });
    const { token } = await sessionOf(world, await world.token({ account: name }));
    assert.equal((await world.api('/auth', { token })).ok().is_admin, true);
    const other = await loggedIn();
    const path = `/user/${other.name}/services`;
    const headers = { 'x-jamsocket-admin-as-account': other.name };
    (await world.api(path, { token, headers })).ok();
    assertRefused(await world.api(path, { token }), 403, 'Forbidden');
  });

  test("sessions are their owner's to end", async () => {
    const [one, other] = [await loggedIn(), await loggedIn()];
    const session = await sessionOf(world, await world.token({ account: one.name }));
    const token = await world.token({ account: other.name });
    for (const [method, path] of [
      ['POST', `/user-session/${session.uuid}/delete`],
      ['DELETE', `/user_session/${session.uuid}`],
    ] as const) {
      assertRefused(await world.api(path, { token, method }), 403, 'Forbidden');
      assertRefused(await world.api(path, { method }), 403, 'Forbidden');
      const unknown = path.replace(session.uuid, 'nope');
      assertRefused(await world.api(unknown, { token, method }), 404, 'NotFound');
    }
    const path = `/berth/v1/sessions/${session.uuid}`;
    assertRefused(await world.api(path, { token, method: 'DELETE' }), 404, 'NotFound');
    const asOne = await world.api(`${path}?account=${one.name}`, { token, method: 'DELETE' });
    assertRefused(asOne, 403, 'Forbidden');
    (await world.api(`${path}?account=${one.name}`, { method: 'DELETE' })).ok();
    assertRefused(await world.api('/auth', { token: session.token }), 401, 'InvalidAuth');
  });

  test('people set their own password with the present one, which ends their other sessions', async () => {
    const here = await loggedIn();
    const there = await logIn(world, here.name);
    const path = `/berth/v1/users/${here.name}/password`;
    const set = (body: object) => asBrowser(world, path, { ...here, method: 'PUT', body });
    const next = 'another password';
    assertRefused(await set({ password: next }), 400, 'BadRequest');
    assertRefused(await set({ password: next, current_password: 'wrong' }), 400, 'BadRequest');
    assertRefused(await set({ password: 'short', current_password: password }), 400, 'BadRequest');
    (await set({ password: next, current_password: password })).ok();
    (await asBrowser(world, '/berth/v1/me', here)).ok();
    assertRefused(await asBrowser(world, '/berth/v1/me', there), 401, 'InvalidAuth');
    assertRefused(await logInAnswer(world, here.name, password), 401, 'InvalidAuth');
    const other = await loggedIn();
    const body = { password: next, current_password: password };
    const refused = await asBrowser(world, path, { ...other, method: 'PUT', body });
    assertRefused(refused, 403, 'Forbidden');
  });

  test('users and members are for administrators, and checked', async () => {
    const { name, cookie, csrf } = await loggedIn();
    const path = '/berth/v1/users';
    for (const [method, url] of [
      ['GET', path],
      ['POST', path],
      ['PATCH', `${path}/admin`],
      ['DELETE', `${path}/admin`],
      ['GET', '/berth/v1/accounts/admin/members'],
      ['POST', '/berth/v1/accounts/admin/members'],
      ['DELETE', '/berth/v1/accounts/admin/members/admin'],
    ] as const) {
      assertRefused(await asBrowser(world, url, { cookie, csrf, method }), 403, 'Forbidden');
    }
    const fresh = { name: 'fresh', password };
    const wrong: readonly object[] = [
      {},
      { name: 'fresh' },
      { password },
      { ...fresh, name: 1 },
      { ...fresh, name: '' },
      { ...fresh, name: 'A b' },
      { ...fresh, name: 'x'.repeat(64) },
      { ...fresh, password: 12_345_678 },
      { ...fresh, password: 'seven77' },
      { ...fresh, password: 'x'.repeat(1_025) },
      { ...fresh, role: 'root' },
      { ...fresh, role: 1 },
      { ...fresh, email: 'nonsense' },
      { ...fresh, email: [] },
    ];
    for (const body of wrong) {
      assertRefused(await world.api(path, { body }), 400, 'BadRequest');
    }
    assertRefused(await world.api(path, { body: { ...fresh, name } }), 409, 'AlreadyExists');
    for (const body of [{ role: 'root' }, { enabled: 'no' }, { enabled: 1 }, { email: 'x' }]) {
      assertRefused(await world.api(`${path}/${name}`, { method: 'PATCH', body }), 400, 'BadRequest');
    }
    assertRefused(await world.api(`${path}/nobody`, { method: 'PATCH', body: {} }), 404, 'NotFound');
    assertRefused(await world.api(`${path}/nobody`, { method: 'DELETE' }), 404, 'NotFound');
    const nobodys = `${path}/nobody/password`;
    assertRefused(await world.api(nobodys, { method: 'PUT', body: { password } }), 404, 'NotFound');
    assertRefused(await world.api(nobodys, { method: 'PUT', body: { password: 1 } }), 400, 'BadRequest');
    for (const body of [{}, { user: 1 }]) {
      assertRefused(await world.api('/berth/v1/accounts/admin/members', { body }), 400, 'BadRequest');
    }
    const unknown = { body: { user: 'nobody' } };
    assertRefused(await world.api('/berth/v1/accounts/admin/members', unknown), 404, 'NotFound');
    assertRefused(await world.api('/berth/v1/accounts/nope/members', unknown), 404, 'NotFound');
    assertRefused(await world.api('/berth/v1/logout', { method: 'POST' }), 400, 'BadRequest');
    for (const body of [{}, { name }, { password }, { name: 1, password }, { name, password: 1 }]) {
      assertRefused(await world.api('/berth/v1/login', { token: null, body }), 400, 'BadRequest');
    }
    const long = { name: 'x'.repeat(201), password };
    assertRefused(await world.api('/berth/v1/login', { token: null, body: long }), 400, 'BadRequest');

    (await world.api(`${path}/${name}`, { method: 'DELETE' })).ok();
    assertRefused(await asBrowser(world, '/berth/v1/me', { cookie }), 401, 'InvalidAuth');
    const { users: left } = (await world.api(path)).ok<{ users: { name: string }[] }>();
    assert.equal(
      left.some(user => user.name === name),
      false,
    );
  });

  test('the page of a login leads to the login page first, and only within this server', async () => {
    const token = await begin(world);
    const page = await world.api(`/v1/cli-login/${token}`, { token: null });
    assert.equal(page.status, 303);
    assert.equal(page.headers.location, `/login?next=${encodeURIComponent(`/v1/cli-login/${token}`)}`);
    const { cookie } = await loggedIn();
    assert.equal((await asBrowser(world, `/cli-login/${'x'.repeat(43)}`, { cookie })).status, 404);
    const led = await asBrowser(world, `/login?next=${encodeURIComponent('/a?b=c#d')}`, { cookie });
    assert.deepEqual([led.status, led.headers.location], [303, '/a?b=c#d']);
    for (const next of [
      '//evil.example',
      '/\\evil.example',
      'https://evil.example',
      'x',
      '/a\r\nx: y',
      '/ä',
    ]) {
      const stays = await asBrowser(world, `/login?next=${encodeURIComponent(next)}`, { cookie });
      assert.deepEqual([stays.status, stays.headers.location], [200, undefined], next);
      const asked = await world.api(`/login?next=${encodeURIComponent(next)}`, { token: null });
      assert.match(asked.text, /const next = "\/login";/, next);
    }
    assert.equal((await world.api('/login?next=a&next=b', { token: null })).status, 400);
  });

  test('pages are kept by nobody, framed by nobody, and run their own script only', async () => {
    const token = await begin(world);
    const { cookie } = await loggedIn();
    for (const path of ['/login', `/cli-login/${token}`, '/cli-login/nope']) {
      const { headers, text } = await asBrowser(world, path, { cookie });
      assert.equal(headers['content-type'], 'text/html; charset=utf-8');
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['x-frame-options'], 'DENY');
      assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
      assert.doesNotMatch(text, /(?:src|href)="https?:/);
    }
  });
});

forEachRuntime('a login', { runtimes: ['process'], settings: { 'login.attempt_seconds': 3 } }, world => {
  test('that nobody decides fails in time', async () => {
    const token = await begin(world);
    const stream = await world.server.openApi(`/cli-login/${token}/status/stream`, { token: null });
    assert.deepEqual(await allEvents(stream), [{ data: '{"status":"failed"}' }]);
    assertRefused(await complete(world, token, '0000'), 404, 'NotFound');
  });

  test('is begun twenty times a minute, and a password tried ten times', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 22; n += 1) {
      statuses.push((await world.api('/cli-login', { token: null, body: {} })).status);
    }
    assert.ok(statuses.indexOf(429) >= 19, statuses.join());
    assertRefused(await world.api('/cli_login', { body: {} }), 429, 'RateLimited');
    for (let n = 0; n < 10; n += 1) {
      assertRefused(await logInAnswer(world, 'nobody', 'wrong'), 401, 'InvalidAuth');
    }
    assertRefused(await logInAnswer(world, 'nobody', 'wrong'), 429, 'RateLimited');
  });
});

forEachRuntime(
  'behind a proxy',
  { runtimes: ['process'], settings: { trusted_proxies: '127.0.0.1' } },
  world => {
    before(async () => {
      (await world.api('/berth/v1/users', { body: { name: 'ada', password } })).ok();
    });

    test('the address of a client is what the proxy says', async () => {
      const { cookie } = await logIn(world, 'ada');
      const headers = { 'x-forwarded-for': '198.51.100.1, 203.0.113.9', 'x-user-host': '<b>laptop</b>' };
      const { token } = (await world.api('/cli-login', { token: null, body: {}, headers })).ok<Made>();
      const { text } = await asBrowser(world, `/cli-login/${token}`, { cookie });
      assert.match(text, /<dd>203\.0\.113\.9<\/dd>/);
      assert.match(text, /&lt;b&gt;laptop&lt;\/b&gt;/);
    });
  },
);

forEachRuntime('sessions', { runtimes: ['process'], concurrency: 1 }, world => {
  test('outlive a killed server; logins under way do not, and say so', async () => {
    (await world.api('/berth/v1/users', { body: { name: 'ada', password } })).ok();
    const browser = await logIn(world, 'ada');
    const session = await sessionOf(world, await world.token({ account: 'ada' }));
    const attempt = await begin(world);
    await world.server.kill();
    await world.server.start();
    (await asBrowser(world, '/berth/v1/me', browser)).ok();
    assert.equal((await world.api('/auth', { token: session.token })).ok().account, 'ada');
    assertRefused(await complete(world, attempt, '0000'), 404, 'NotFound');
    (await world.api(`/user-session/${session.uuid}/delete`, { token: session.token, method: 'POST' })).ok();
    await world.server.kill();
    await world.server.start();
    assertRefused(await world.api('/auth', { token: session.token }), 401, 'InvalidAuth');
  });
});

async function begin(world: World): Promise<string> {
  return (await world.api('/cli-login', { token: null, body: {} })).ok<{ token: string }>().token;
}

function complete(world: World, token: string, code: string): Promise<Answer> {
  return world.api(`/cli-login/${token}/complete`, { token: null, body: { code } });
}

/** A session of a command line, approved with a token. */
async function sessionOf(world: World, token: string): Promise<Session> {
  const attempt = await begin(world);
  const { code } = (await world.api(`/cli-login/${attempt}/approve`, { token, method: 'POST' })).ok();
  return (await complete(world, attempt, String(code))).ok<Session>();
}

function wrong(code: string): string {
  return String((Number(code) + 1) % 10_000).padStart(4, '0');
}

function logInAnswer(world: World, name: string, guess: string): Promise<Answer> {
  return world.api('/berth/v1/login', { token: null, body: { name, password: guess } });
}

async function logIn(world: World, name: string): Promise<Browser> {
  const answer = await logInAnswer(world, name, password);
  const { csrf_token: csrf } = answer.ok<{ csrf_token: string }>();
  return { csrf, cookie: answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '' };
}

function asBrowser(
  world: World,
  path: string,
  { cookie, csrf, headers, ...options }: SendOptions & { cookie: string; csrf?: string },
): Promise<Answer> {
  const own = { cookie, ...(csrf !== undefined && { 'x-csrf-token': csrf }) };
  return world.api(path, { ...options, token: null, headers: { ...own, ...headers } });
}
