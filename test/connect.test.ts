import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  allEvents,
  assertRefused,
  forEachRuntime,
  type SpawnResult,
  TestBackend,
  type World,
} from './support/index.ts';

interface Connected {
  readonly backend_id: string;
  readonly spawned: boolean;
  readonly status: string;
  readonly token: string;
  readonly url: string;
  readonly secret_token: string;
  readonly status_url: string;
  readonly ready_url: string;
}

interface Reflection {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

const otherToken = 'A'.repeat(43);

forEachRuntime('version 2 of Jamsocket', { runtimes: ['process'] }, world => {
  test('connects with a key, a user and what is known of the user', async () => {
    const service = await world.service('echo.js');
    const body = { key: 'k', user: 'bøb', auth: { x: 1, name: 'Zoë' } };
    const connected = await connect(world, service, body);
    const { backend_id: id, token, secret_token: secret } = connected;
    assert.equal(connected.url, `http://${id}.localhost:${world.server.port}/${token}/`);
    assert.equal(connected.status_url, `http://localhost:${world.server.port}/v2/backend/${id}/status`);
    assert.match(token, /^[A-Za-z0-9_-]{43}$/);

    const headers = { 'x-verified-username': 'eve', 'X-Verified-Admin': 'yes' };
    const { url, headers: seen } = await reflect(world, id, `/${token}/a?b=1`, headers);
    assert.equal(url, '/a?b=1');
    assert.equal(Buffer.from(seen['x-verified-username'] ?? '', 'latin1').toString('utf8'), 'bøb');
    assert.equal(seen['x-verified-user-data'], '{"x":1,"name":"Zo\\u00eb"}');
    assert.equal(seen['x-verified-path'], `/${token}/a`);
    assert.equal(seen['x-verified-secret'], secret);
    assert.equal(seen['x-verified-backend'], id);
    assert.equal(seen['x-verified-admin'], undefined);
  });

  test('lets nobody in without a live token', async () => {
    const { backend_id: id } = await connect(world, await world.service('echo.js'), {});
    const backend = TestBackend.withId(world.server, id);
    await backend.reaches('Ready');
    assert.equal((await backend.request('/')).status, 403);
    assert.equal((await backend.request(`/${otherToken}/`)).status, 410);
  });

  test('connects again to the holder of a key, with a token of its own', async () => {
    const service = await world.service('echo.js');
    const first = await connect(world, service, { key: 'k' });
    const second = await connect(world, service, { key: 'k', spawn: false });
    assert.deepEqual([second.spawned, second.backend_id], [false, first.backend_id]);
    assert.notEqual(second.token, first.token);
    for (const { token } of [first, second]) await reflect(world, first.backend_id, `/${token}/`);
    const other = await connect(world, await world.service('echo.js'), { key: 'k' });
    assert.equal(other.spawned, true, 'keys are of one service');
  });

  test('does not spawn when it is told not to', async () => {
    const path = `/v2/service/admin/${await world.service('echo.js')}/connect`;
    assertRefused(await world.api(path, { body: { key: 'free', spawn: false } }), 409, 'KeyUnheld');
    assertRefused(await world.api(path, { body: { spawn: false } }), 400, 'BadRequest');
  });

  for (const [what, body] of [
    ['an unknown cluster', { spawn: { cluster: 'moon' } }],
    ['a lifetime of 0', { spawn: { lifetime_limit_seconds: 0 } }],
    ['a broken idle time', { spawn: { max_idle_seconds: 1.5 } }],
    ['a spawn that is text', { spawn: 'yes' }],
    ['an auth that is no object', { auth: 'bob' }],
    ['an auth of over 8 KiB', { auth: { x: 'y'.repeat(9_000) } }],
    ['a user with control characters', { user: 'a\nb' }],
    ['an empty key', { key: '' }],
    ['a memory limit below 4 MiB', { spawn: { executable: { resource_limits: { memory_limit_bytes: 1 } } } }],
  ] as const) {
    test(`refuses ${what}`, async () => {
      const path = `/v2/service/admin/${await world.service('echo.js')}/connect`;
      assertRefused(await world.api(path, { body }), 400, 'BadRequest');
    });
  }

  test('tells every status once, in order, and ends with the backend', async () => {
    const { backend_id: id } = await connect(world, await world.service('echo.js'), {});
    await TestBackend.withId(world.server, id).reaches('Ready');
    (await world.api(`/v2/backend/${id}/terminate`, { body: {} })).ok();
    const events = await allEvents(
      await world.server.openApi(`/v2/backend/${id}/status/stream`, { token: null }),
    );
    const states = events.map(({ data }) => JSON.parse(data) as Record<string, unknown>);
    assert.deepEqual(
      states.map(({ status }) => status),
      ['scheduled', 'loading', 'starting', 'waiting', 'ready', 'terminating', 'terminated'],
    );
    const { time, ...end } = states.at(-1) ?? {};
    assert.match(String(time), /^\d{4}-.*\.\d{3}Z$/);
    const expected = { termination_reason: 'external', termination_kind: 'soft', exit_error: false };
    assert.deepEqual(end, { status: 'terminated', ...expected });
    assertRefused(await world.api(`/v2/backend/${id}/terminate`, { body: {} }), 409, 'BackendNotRunning');
  });

  test('tells the owner exit code and last status', async () => {
    const { backend_id: id, token } = await connect(world, await world.service('echo.js'), {});
    await TestBackend.withId(world.server, id).request(`/${token}/exit?3`);
    await TestBackend.withId(world.server, id).reaches('Failed');
    const { statuses } = (await world.api(`/v2/backend/${id}`)).ok<{ statuses: Record<string, unknown>[] }>();
    const { exit_code: exitCode, last_status: lastStatus } = statuses.at(-1) ?? {};
    assert.deepEqual([exitCode, lastStatus], [3, 'ready']);
  });

  test('ends a backend when its lifetime is over', async () => {
    const spawn = { lifetime_limit_seconds: 1, max_idle_seconds: 600 };
    const { backend_id: id } = await connect(world, await world.service('echo.js'), { spawn });
    await TestBackend.withId(world.server, id).reaches('Swept');
  });

  test('has environments with images of their own', async () => {
    const service = await world.service('echo.js');
    const base = `/v2/service/admin/${service}`;
    (await world.api(`${base}/environment`, { body: { name: 'beta', image_tag: 'v1' } })).ok();
    assertRefused(await world.api(`${base}/environment`, { body: { name: 'beta' } }), 409, 'AlreadyExists');
    assertRefused(await world.api(`${base}/environment`, { body: { name: 'connect' } }), 400, 'BadRequest');
    (await world.api(`${base}/beta/update`, { body: { image_tag: 'v2' } })).ok();
    (await world.api(`${base}/update`, { body: { image_tag: 'v3' } })).ok();
    (await world.api(`/v2/service-env/admin/${service}/beta/update`, { body: { name: 'gamma' } })).ok();
    const { environments } = (await world.api(base)).ok<{ environments: Record<string, unknown>[] }>();
    assert.deepEqual(
      environments.map(({ name, image_tag: tag }) => [name, tag]),
      [
        ['default', 'v3'],
        ['gamma', 'v2'],
      ],
    );
    assert.equal((await world.api(`${base}/gamma/connect`, { body: {} })).status, 200);
    assertRefused(await world.api(`${base}/beta/connect`, { body: {} }), 404, 'NotFound');
    assertRefused(await world.api(`${base}/default/delete`, { body: {} }), 400, 'BadRequest');
    (await world.api(`${base}/gamma/delete`, { body: {} })).ok();
  });

  test('spawns by a token that its owner has made, until it is revoked', async () => {
    const service = await world.service('echo.js');
    const made = await world.api(`/user/admin/service/${service}/token`, {
      body: { grace_period_seconds: 60 },
    });
    const { token } = made.ok<{ token: string }>();
    const spawned = await world.api(`/token/${token}/spawn`, { token: null, body: {} });
    await new TestBackend(world.server, spawned.ok<SpawnResult>()).reaches('Ready');
    const info = (await world.api(`/user/admin/service/${service}`)).ok();
    assert.equal(info.spawn_tokens_count, 1);
    const stranger = await world.account('stranger');
    const foreign = await world.api(`/token/${token}`, { method: 'DELETE', token: stranger.token });
    assertRefused(foreign, 403, 'Forbidden');
    (await world.api(`/token/${token}`, { method: 'DELETE' })).ok();
    assertRefused(await world.api(`/token/${token}/spawn`, { token: null, body: {} }), 404, 'NotFound');
  });

  test('ends the backends of a service that are older than a time', async () => {
    const service = await world.service('echo.js');
    const old = await world.spawn(service);
    const before = new Date(Date.now() + 60_000).toISOString();
    const path = `/service/admin/${service}/terminate-backends`;
    const counted = (await world.api(path, { body: { before, dry_run: true } })).ok();
    assert.deepEqual(counted, { backend_count: 1, terminated_count: 0, is_complete: true });
    const ended = (await world.api(path, { body: { before } })).ok();
    assert.deepEqual(ended, { backend_count: 1, terminated_count: 1, is_complete: true });
    await old.reaches('Terminated');
    assertRefused(await world.api(path, { body: { before: 'noon' } }), 400, 'BadRequest');
  });

  test('tells CPU and memory while a backend runs', async () => {
    const backend = await world.ready('echo.js');
    const response = await world.server.openApi(`/v2/backend/${backend.id}/metrics/stream`);
    setTimeout(() => void backend.terminate({ hard: true }), 1_500);
    const [first] = await allEvents(response);
    const figures = JSON.parse(first?.data ?? '{}') as Record<string, number>;
    assert.deepEqual(Object.keys(figures), ['cpu_used', 'sys_cpu', 'mem_used', 'mem_available']);
    for (const name of ['sys_cpu', 'mem_used', 'mem_available']) assert.ok((figures[name] ?? 0) >= 1, name);
    const ended = await world.server.openApi(`/v2/backend/${backend.id}/metrics/stream`);
    assert.deepEqual(await allEvents(ended), []);
  });
});

async function connect(world: World, service: string, body: object): Promise<Connected> {
  return (await world.api(`/v2/service/admin/${service}/connect`, { body })).ok<Connected>();
}

/** What the program saw of a request. */
async function reflect(world: World, id: string, path: string, headers = {}): Promise<Reflection> {
  return (await TestBackend.withId(world.server, id).request(path, { headers })).ok<Reflection>();
}
