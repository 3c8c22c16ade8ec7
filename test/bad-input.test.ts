import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { before, test } from 'node:test';
import fc from 'fast-check';
import {
  type Answer,
  type ApiRoute,
  adminToken,
  assertRefused,
  fill,
  forEachRuntime,
  programs,
  routeName,
  type SendOptions,
  type TestBackend,
  v1Routes,
  type World,
} from './support/index.ts';

const mebibyte = 1024 * 1024;
/** Those that look at a body. */
const posts = v1Routes.filter(({ method, path }) => method === 'POST' && path !== '/token/{token}/spawn');
const spawnFields = ['grace_period_seconds', 'service_environment', 'require_bearer_token'];
const gets = v1Routes.filter(({ method }) => method === 'GET');

forEachRuntime('bad input', { runtimes: ['process'] }, world => {
  let backend: TestBackend;
  let ended: TestBackend;
  let attempt: string;
  let session: string;
  let found: unknown;

  before(async () => {
    await world.service('echo.js', { name: 'web' });
    backend = await world.spawn('web', { lock: 'held' });
    ended = await world.spawn('web');
    await backend.reaches('Ready');
    await ended.terminate();
    await ended.reaches('Terminated');
    attempt = (await world.api('/cli-login', { body: {} })).ok<{ token: string }>().token;
    session = await newSession(world);
    found = await everything(world);
  });

  world.atEnd(async () => {
    assert.deepEqual(await everything(world), found, 'a refused request has changed something');
    assert.deepEqual((await backend.request('/')).json<{ method: string }>().method, 'GET');
  });

  const pathOf = ({ path }: ApiRoute): string =>
    fill(path, { account: 'admin', service: 'web', backend: backend.id, attempt, session });

  const ask = (route: ApiRoute, options: SendOptions & { token?: string | null } = {}): Promise<Answer> => {
    return world.api(pathOf(route), { method: route.method, ...options });
  };

  // --- Every route with a body -------------------------------------------------------------------------------

  for (const route of posts) {
    test(`${routeName(route)} refuses what is not a JSON object`, async () => {
      const bodies = [
        'nonsense',
        '{',
        '{"a":}',
        "{'a':1}",
        '{"a":1}x',
        '[]',
        '[{}]',
        '"text"',
        '1',
        'true',
        'null',
      ];
      for (const body of bodies) {
        const headers = { 'content-type': 'application/json' };
        assertRefused(await ask(route, { headers, body }), 400, 'BadRequest');
        assertRefused(await ask(route, { body }), 400, 'BadRequest');
      }
    });

    test(`${routeName(route)} refuses other media types`, async () => {
      const types = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'];
      for (const type of [...types, 'application/jsonx', 'text/json', 'nonsense', '*/*']) {
        const headers = { 'content-type': type };
        assertRefused(await ask(route, { headers, body: '{"hard":1}' }), 415, 'UnsupportedMediaType');
      }
    });

    test(`${routeName(route)} refuses a body of more than 1 MiB and closes the connection`, async () => {
      const text = `{"x":"${'x'.repeat(mebibyte)}"}`;
      const headers = { 'content-type': 'application/json' };
      for (const body of [text, Readable.from([text.slice(0, 9), text.slice(9)])]) {
        const answer = await ask(route, { headers, body });
        assertRefused(answer, 413, 'PayloadTooLarge');
        assert.equal(answer.headers.connection, 'close');
      }
    });

    test(`${routeName(route)} refuses a large body before it is sent, and before anything else`, async () => {
      const path = fill(route.path, { account: 'nobody', service: 'nope', backend: 'nope' });
      const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${mebibyte + 1}\r\n\r\n`;
      const answer = await rawExchange(world.server.port, head);
      assert.match(answer, /^HTTP\/1\.1 413 /);
      assert.match(answer, /"code":"PayloadTooLarge"/);
    });

    test(`${routeName(route)} tells a cut body of the Jamsocket CLI what is wrong with that client`, async () => {
      const headers = { 'content-type': 'application/json', 'user-agent': 'jamsocket-cli/0.9.1' };
      const answer = await ask(route, { headers, body: '{"name":"caf' });
      assert.match(assertRefused(answer, 400, 'BadRequest'), /ASCII/);
      assert.equal(answer.headers.connection, 'close');
      // What the client did not count comes after the body.
      const whole = '{"name":"caf\u00e9","more":{}}';
      const head = [
        `POST ${pathOf(route)} HTTP/1.1`,
        'Host: x',
        `Authorization: Bearer ${adminToken}`,
        'User-Agent: jamsocket-cli/0.10.7',
        'Content-Type: application/json',
        `Content-Length: ${whole.length}`,
      ];
      const surplus = await rawExchange(world.server.port, `${head.join('\r\n')}\r\n\r\n${whole}`);
      assert.match(surplus, /^HTTP\/1\.1 400 [\s\S]*connection: close\r\n[\s\S]*non-ASCII/i);
    });
  }

  // --- Paths and methods -------------------------------------------------------------------------------------

  for (const { path, method } of v1Routes) {
    test(`${path} refuses other methods than ${method} and names those that it knows`, async () => {
      const known = v1Routes.filter(route => route.path === path).map(route => route.method);
      for (const other of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'TRACE']) {
        if (known.includes(other as 'GET')) continue;
        for (const token of [undefined, null]) {
          const answer = await ask(
            { method, path, access: 'token' },
            { method: other, ...(token === null && { token }) },
          );
          assertRefused(answer, 405, 'MethodNotAllowed');
          const allowed = String(answer.headers.allow).split(', ');
          for (const name of [...known, 'OPTIONS'])
            assert.ok(allowed.includes(name), `Allow: ${allowed.join(', ')}`);
          assert.ok(!allowed.includes(other));
        }
      }
    });
  }

  test('OPTIONS is answered with what is allowed, without a token', async () => {
    for (const route of v1Routes) {
      const answer = await ask(route, { method: 'OPTIONS', token: null });
      assert.equal(answer.status, 204, routeName(route));
      const forWebPages = route.path.includes('{backend}/status') || route.path === '/token/{token}/spawn';
      assert.equal(
        answer.headers['access-control-allow-origin'],
        forWebPages ? '*' : undefined,
        routeName(route),
      );
      if (!forWebPages) assert.match(String(answer.headers.allow), new RegExp(route.method));
      assert.equal(answer.bytes.length, 0);
    }
  });

  test('unknown paths are not found', async () => {
    const paths = [
      '/nope',
      '/v1',
      '/v1/nope',
      '/backend',
      '/user/admin',
      '/backend/x/y',
      '/v3/auth',
      '/auth/x',
    ];
    for (const path of paths) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        assertRefused(await world.api(path, { method }), 404, 'NotFound');
        assertRefused(await world.api(path, { method, token: null }), 404, 'NotFound');
      }
    }
  });

  test('a slash at the end and more at the beginning change nothing', async () => {
    const { status } = await world.api('/auth');
    assert.equal(status, 200);
    for (const path of ['/auth/', '//auth', '///v1/auth', '//v1/auth/', '/auth/?x=1', '/auth?x']) {
      assert.equal((await world.api(path)).status, 200, path);
    }
    assert.equal((await world.api(`//backend/${backend.id}/status/`, { token: null })).status, 200);
  });

  test('unknown query parameters and body fields are ignored', async () => {
    assert.equal(
      (await world.api(`/backend/${backend.id}/status?a=%zz&b=1&b=2&}`, { token: null })).status,
      200,
    );
    const body = { lock: 'held', nonsense: { a: [1] }, __proto__: { x: 1 }, constructor: 1 };
    assert.equal((await world.spawn('web', body)).id, backend.id);
  });

  test('path parameters are decoded once', async () => {
    const { id } = backend;
    const encoded = `%${id.charCodeAt(0).toString(16)}${id.slice(1)}`;
    assert.equal((await world.api(`/backend/${encoded}/status`, { token: null })).status, 200);
    assertRefused(await world.api(`/backend/${encoded.replace('%', '%25')}`), 404, 'NotFound');
    assertRefused(await world.api('/user/admin%2Fservices'), 404, 'NotFound');
    assertRefused(await world.api('/user/..%2Fadmin/services'), 403, 'Forbidden');
  });

  for (const route of v1Routes.filter(({ path }) => path.includes('{'))) {
    test(`${routeName(route)} refuses broken percent-encoding and NUL in its path`, async () => {
      for (const bad of ['%', '%z', '%zz', '%C3', '%FF', '%00', 'a%00b', 'a%2']) {
        const path = route.path.replace(/\{(\w+)\}(?!.*\{)/, bad);
        const filled = fill(path, { account: 'admin', service: 'web', backend: backend.id });
        for (const token of [undefined, null]) {
          const answer = await world.api(filled, { method: route.method, ...(token === null && { token }) });
          if (route.path.endsWith('/ready')) assert.equal(answer.status, 400, `${filled}: ${answer.text}`);
          else assertRefused(answer, 400, 'BadRequest');
        }
      }
    });

    test(`${routeName(route)} copes with odd names in its path`, async () => {
      const names = [
        '%F0%9F%92%A9',
        '..',
        '.',
        '%2e%2e',
        'a'.repeat(1_000),
        'a'.repeat(5_000),
        '*',
        '%2F',
        '%0A',
        "'--",
      ];
      for (const odd of ['__proto__', 'constructor', ...names]) {
        const path = fill(route.path.replace(/\{(\w+)\}(?!.*\{)/, odd), { account: 'admin', service: 'web' });
        const answer = await world.api(path, { method: route.method });
        assert.ok(
          [400, 403, 404, 405, 414].includes(answer.status),
          `${path.slice(0, 80)}: ${answer.status}`,
        );
        assert.match(String(answer.headers['x-request-id']), /^req_/);
      }
    });
  }

  test('each answer has a request id of its own', async () => {
    const ids = new Set<string>();
    for (const route of gets.filter(({ stream }) => !stream)) {
      for (const token of [undefined, null]) {
        const answer = await ask(route, token === null ? { token } : {});
        ids.add(String(answer.headers['x-request-id']));
      }
    }
    assert.equal(ids.size, 2 * gets.filter(({ stream }) => !stream).length);
  });

  test('JSON is sent in ASCII, whatever the caller wrote', async () => {
    const body = { name: 'Größe "💥"\u2028\u007f' };
    const answer = await world.api('/user/admin/service', { body });
    assertRefused(answer, 400, 'BadRequest');
    assert.match(answer.bytes.toString('latin1'), /^[\x20-\x7e]+$/);
  });

  // --- Fields ------------------------------------------------------------------------------------------------

  const longName = 'a'.repeat(64);
  const badEnvironments: readonly unknown[] = [
    [],
    'A=1',
    1,
    true,
    { A: 1 },
    { A: null },
    { A: {} },
    { A: ['x'] },
    { '1A': 'x' },
    { 'A-B': 'x' },
    { '': 'x' },
    { 'A B': 'x' },
    { ä: 'x' },
    { 'A=B': 'x' },
    { A: 'x\0y' },
    { A: 'x'.repeat(131_070) },
    { A: '€'.repeat(43_690) },
    Object.fromEntries(Array.from({ length: 4 }, (_, n) => [`A${n}`, 'x'.repeat(66_000)])),
  ];

  test('a service needs a name that fits the rule', async () => {
    const names = [
      '',
      'A',
      'Web',
      '-a',
      'a-',
      '.a',
      'a.',
      'a..b',
      'a.-b',
      'a___b',
      'a b',
      'a/b',
      'ä',
      'a\n',
      longName,
    ];
    for (const body of [{}, ...[...names, 1, true, [], {}].map(name => ({ name })), { name: null }]) {
      const answer = await world.api('/user/admin/service', { body });
      assert.match(assertRefused(answer, 400, 'BadRequest'), /\bname\b/, JSON.stringify(body));
    }
    assertRefused(await world.api('/user/admin/service', { body: '' }), 400, 'BadRequest');
  });

  test('a name that is taken is refused', async () => {
    assertRefused(await world.api('/user/admin/service', { body: { name: 'web' } }), 409, 'AlreadyExists');
  });

  test('what a service is to run is checked before it is created', async () => {
    const command = 'node';
    const bodies = [
      { command: 1 },
      { command: [] },
      { command: '' },
      { command: 'no\0de' },
      { command, args: 'x' },
      { command, args: [1] },
      { command, args: ['\0'] },
      { command, args: ['x'.repeat(131_072)] },
      { command: 'x'.repeat(131_072) },
      { command, dir: 1 },
      { command, dir: 'relative' },
      { command, dir: '' },
      { command, dir: '/there/is/no/such/folder' },
      { command, dir: `${programs}/echo.js` },
      { command, dir: '/tmp/\0' },
      { dir: programs },
      { args: ['x'] },
    ];
    for (const body of bodies) {
      const answer = await world.api('/user/admin/service', { body: { name: 'never', ...body } });
      assert.match(assertRefused(answer, 400, 'BadRequest'), /command|args|dir/, JSON.stringify(body));
    }
  });

  test('env of a service and of a spawn has the same rules', async () => {
    for (const env of badEnvironments) {
      for (const [path, body] of [
        ['/user/admin/service', { name: 'never', env }],
        ['/user/admin/service/web/spawn', { env }],
      ] as const) {
        const answer = await world.api(path, { body });
        assert.match(assertRefused(answer, 400, 'BadRequest'), /\benv\b/, JSON.stringify(env).slice(0, 80));
      }
    }
  });

  test('only administrators may create a service that runs a command of the machine', async () => {
    const { name, token } = await world.account('no-commands');
    const body = { name: 'never', command: 'node' };
    assertRefused(await world.api(`/user/${name}/service`, { token, body }), 403, 'Forbidden');
  });

  const badSpawns: Readonly<Record<string, readonly unknown[]>> = {
    grace_period_seconds: [-1, 1.5, '5', true, 31_536_001, 1e300, [], {}],
    lock: ['', 'x'.repeat(129), '💥'.repeat(129), 'a\0b', '\ud800', 1, true, [], {}],
    service_environment: [1, true, [], {}],
    tag: [
      '',
      '.x',
      '-x',
      'a b',
      'a/b',
      'ä',
      'x'.repeat(129),
      'sha256:abc',
      `sha256:${'A'.repeat(64)}`,
      1,
      [],
      {},
    ],
    require_bearer_token: ['true', 1, 0, [], {}],
    port: [80, 8081, '8080', 0, -1, 8080.5, true, [], {}],
  };
  for (const [field, values] of Object.entries(badSpawns)) {
    test(`spawn refuses a wrong ${field} and names it`, async () => {
      for (const value of values) {
        const answer = await world.api('/user/admin/service/web/spawn', { body: { [field]: value } });
        const message = assertRefused(answer, 400, 'BadRequest');
        assert.match(message, new RegExp(`\\b${field}\\b`), JSON.stringify(value));
      }
    });
  }

  test('spawn does not find an environment that the service does not have', async () => {
    for (const name of ['staging', '', 'Default', '../x']) {
      const body = { service_environment: name };
      assertRefused(await world.api('/user/admin/service/web/spawn', { body }), 404, 'NotFound');
    }
  });

  test('terminate refuses hard that is not a boolean', async () => {
    for (const hard of ['true', 1, 0, [], {}]) {
      const answer = await world.api(`/backend/${backend.id}/terminate`, { body: { hard } });
      assert.match(assertRefused(answer, 400, 'BadRequest'), /\bhard\b/);
    }
  });

  test('terminate-backends, spawn tokens and environments check their fields, too', async () => {
    const before = '2024-09-01T00:00:00.000Z';
    for (const [path, bodies] of [
      [
        '/service/admin/web/terminate-backends',
        [
          [/before/, {}, { before: 1 }, { before: 'yesterday' }, { before: '' }, { before: null }],
          [/dry_run/, { before, dry_run: 1 }, { before, dry_run: 'true' }],
          [/hard/, { before, hard: 1 }, { before, hard: [] }],
        ],
      ],
      [
        '/user/admin/service/web/token',
        [
          [/grace_period_seconds/, { grace_period_seconds: -1 }, { grace_period_seconds: '1' }],
          [/tag/, { tag: '' }, { tag: 'a b' }, { tag: 1 }],
          [/port/, { port: 80 }, { port: '8080' }],
        ],
      ],
      [
        '/env/admin/web/default/update',
        [
          [/name/, { name: '' }, { name: 'A' }, { name: 1 }, { name: 'x'.repeat(64) }, { name: 'images' }],
          [/image_tag/, { image_tag: '' }, { image_tag: 'a b' }, { image_tag: 1 }],
        ],
      ],
    ] as const) {
      for (const [field, ...wrong] of bodies) {
        for (const body of wrong) {
          const message = assertRefused(await world.api(path, { body }), 400, 'BadRequest');
          assert.match(message, field, JSON.stringify(body));
        }
      }
    }
    assertRefused(await world.api('/env/admin/web/nope/update', { body: {} }), 404, 'NotFound');
    assertRefused(await world.api('/token/nope/spawn', { method: 'POST', token: null }), 404, 'NotFound');
    assertRefused(await world.api('/token/nope', { method: 'DELETE' }), 404, 'NotFound');
  });

  test('terminate of an ended backend is refused', async () => {
    for (const body of [{}, { hard: true }]) {
      assertRefused(await world.api(`/backend/${ended.id}/terminate`, { body }), 409, 'BackendNotRunning');
    }
  });

  test('logs refuses a wrong tail or follow', async () => {
    const queries = [
      'tail=-1',
      'tail=1.5',
      'tail=x',
      'tail=',
      'tail=100001',
      'tail=1e3',
      'tail=0x10',
      'tail=+1',
    ];
    for (const query of [...queries, 'follow=maybe', 'follow=', 'follow=1', 'follow=True', 'tail=1&tail=2']) {
      const answer = await world.api(`/backend/${backend.id}/logs?${query}`);
      assert.match(assertRefused(answer, 400, 'BadRequest'), /tail|follow/, query);
    }
  });

  test('an empty body of any type is an empty object', async () => {
    const path = `/backend/${ended.id}/terminate`;
    for (const type of [undefined, 'application/json', 'application/json; charset=utf-8', 'text/plain']) {
      for (const framing of [{}, { 'content-length': '0' }, { 'transfer-encoding': 'chunked' }]) {
        const headers = { ...framing, ...(type && { 'content-type': type }) };
        assertRefused(await world.api(path, { method: 'POST', headers }), 409, 'BackendNotRunning');
      }
    }
  });

  test('null in an optional field means that it is absent', async () => {
    const fields = [
      'grace_period_seconds',
      'service_environment',
      'env',
      'tag',
      'require_bearer_token',
      'port',
    ];
    const body = { lock: 'held', ...Object.fromEntries(fields.map(field => [field, null])) };
    assert.equal((await world.spawn('web', body)).id, backend.id);
  });

  test('the order of checks: path, method, size, token, account, thing, media type, body, state', async () => {
    const text = { headers: { 'content-type': 'text/plain' }, body: 'x' };
    const json = { body: 'nonsense' };
    assertRefused(await world.api('/nope', { ...text, token: null }), 404, 'NotFound');
    assertRefused(await world.api('/auth', { ...text, token: null }), 405, 'MethodNotAllowed');
    const spawn = (account: string, service: string) => `/user/${account}/service/${service}/spawn`;
    assertRefused(await world.api(spawn('x', 'x'), { ...text, token: null }), 401, 'InvalidAuth');
    assertRefused(await world.api(spawn('x', 'x'), text), 403, 'Forbidden');
    assertRefused(await world.api(spawn('admin', 'x'), text), 404, 'NotFound');
    assertRefused(await world.api(spawn('admin', 'web'), text), 415, 'UnsupportedMediaType');
    assertRefused(await world.api(spawn('admin', 'web'), json), 400, 'BadRequest');
    assertRefused(await world.api(`/backend/${ended.id}/terminate`, text), 415, 'UnsupportedMediaType');
    assertRefused(await world.api(`/backend/${ended.id}/terminate`, json), 400, 'BadRequest');
    assertRefused(
      await world.api(`/backend/${ended.id}/terminate`, { body: { hard: 1 } }),
      400,
      'BadRequest',
    );
  });

  // --- What HTTP itself forbids ------------------------------------------------------------------------------

  test('broken HTTP gets an answer and the end of the connection, not a hang', async () => {
    const heads: readonly (readonly [string, RegExp])[] = [
      ['nonsense\r\n\r\n', /^HTTP\/1\.1 400 /],
      ['GET /auth HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
      ['GET /auth HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n', /^HTTP\/1\.1 400 /],
      [`GET /auth HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
      [
        'POST /auth HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        /^HTTP\/1\.1 400 /,
      ],
      ['POST /auth HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', /^HTTP\/1\.1 400 /],
      ['POST /user/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n', /^HTTP\/1\.1 4\d\d /],
    ];
    for (const [head, expected] of heads) {
      assert.match(await rawExchange(world.server.port, head), expected, head.slice(0, 60));
    }
  });

  test('an upgrade of an API route is answered as an ordinary request', async () => {
    const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
    assert.equal((await world.api('/auth', { headers })).status, 200);
    assertRefused(await world.api('/auth', { headers, token: null }), 401, 'InvalidAuth');
  });
});

forEachRuntime('any input', { runtimes: ['process'] }, world => {
  test('no body whatever makes the server fail', { timeout: 180_000 }, async () => {
    const fields = ['name', 'command', 'args', 'dir', 'env', 'lock', 'tag', 'port', 'hard', ...spawnFields];
    const body = fc.oneof(
      fc.dictionary(fc.constantFrom(...fields), fc.jsonValue({ maxDepth: 2 })),
      fc.record({ env: fc.dictionary(fc.string(), fc.string({ unit: 'binary' })) }),
      fc.record({ name: fc.string({ unit: 'binary' }), lock: fc.string({ unit: 'binary' }) }),
      fc.jsonValue(),
    );
    await world.api('/user/admin/service', { body: { name: 'no-image' } });
    const routes = [
      ...posts.map(({ path }) => path),
      '/berth/v1/tokens',
      '/berth/v1/accounts',
      '/berth/v1/images/pull',
      '/berth/v1/users',
      '/berth/v1/login',
      '/berth/v1/accounts/admin/members',
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...routes), body, async (path, value) => {
        // Names of things that are there only where nothing can be broken by them.
        const names = { account: 'admin', service: 'no-image', backend: 'nope' };
        const filled = path.endsWith('/delete')
          ? fill(path, { ...names, service: 'nope' })
          : fill(path, names);
        const answer = await world.api(filled, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(value),
        });
        assert.ok(answer.status < 500, `${filled} ${JSON.stringify(value)}: ${answer.status} ${answer.text}`);
        if (answer.status >= 400) assertRefused(answer, answer.status, answer.json<Refusal>().error.code);
      }),
      { numRuns: 400, seed: 20_260_101 },
    );
  });
});

interface Refusal {
  readonly error: { readonly code: string };
}

/** The id of the session of a command line that is logged in. */
async function newSession(world: World): Promise<string> {
  const { token } = (await world.api('/cli-login', { body: {} })).ok<{ token: string }>();
  const { code } = (await world.api(`/cli-login/${token}/approve`, { method: 'POST' })).ok();
  return (await world.api(`/cli-login/${token}/complete`, { body: { code } })).ok<{ uuid: string }>().uuid;
}

/** Everything that a request could change, as far as the API tells it. */
async function everything(world: World): Promise<unknown> {
  const { services } = (await world.api('/user/admin/services')).ok<{ services: string[] }>();
  const backends = (await world.api('/user/admin/backends')).ok();
  const sessions = (await world.api('/berth/v1/sessions')).ok();
  return { services, backends, sessions };
}

/** Sends bytes as they are and reads until the server closes the connection. */
function rawExchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket
      .setEncoding('latin1')
      .setTimeout(10_000, () => socket.destroy(new Error(`no end; so far: ${answer}`)));
    socket.on('data', chunk => {
      answer += chunk as unknown as string;
    });
    // An answer that comes before the whole request may be followed by a reset.
    socket.on('error', error => (answer === '' ? reject(error) : resolve(answer)));
    socket.on('close', () => resolve(answer));
  });
}
