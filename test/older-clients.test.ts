import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { assertRefused, forEachRuntime, TestBackend, type World } from './support/index.ts';

/** What clients of several ages send and expect (spec of Jamsocket's dialect, client quirks). */
forEachRuntime('clients of Jamsocket', { runtimes: ['process'] }, world => {
  test('of all ages find their paths, and get JSON and nothing else', async () => {
    const service = await world.service('echo.js');
    const { id } = await world.spawn(service);
    const { token } = (await world.api(`/user/admin/service/${service}/token`, { body: {} })).ok();
    for (const [method, path, body] of [
      ['GET', '/auth'],
      ['GET', '/v1/auth'],
      ['GET', '/v2/auth'],
      ['GET', '/user/admin/services'],
      ['GET', '/v2/account/admin/services'],
      ['GET', `/user/admin/service/${service}`],
      ['GET', `/user/admin/service/${service}/image`],
      ['GET', `/service/admin/${service}/image-name`],
      ['GET', `/v1/service/admin/${service}/image-name`],
      ['GET', `/v2/service/admin/${service}/image-name`],
      ['GET', `/user/admin/service/${service}/images`],
      ['POST', `/env/admin/${service}/default/update`, { image_tag: 'v1' }],
      ['POST', `/v2/service-env/admin/${service}/default/update`, { image_tag: 'v2' }],
      ['POST', `/v2/service/admin/${service}/default/update`, { image_tag: 'v3' }],
      ['POST', `/v2/service/admin/${service}/update`, { image_tag: 'latest' }],
      ['GET', '/user/admin/backends'],
      ['GET', '/v2/account/admin/backends'],
      ['GET', `/backend/${id}`],
      ['GET', `/v2/backend/${id}`],
      ['GET', `/v2/backend/${id}/status`],
      ['POST', `/token/${String(token)}/spawn`, {}],
      ['DELETE', `/token/${String(token)}`],
      ['POST', `/service/admin/${service}/terminate-backends`, { before: '2020-01-01T00:00:00.000Z' }],
      ['POST', `/v2/backend/${id}/terminate`, {}],
    ] as const) {
      const answer = await world.api(path, { method, ...(body && { body }) });
      assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`);
      assert.equal(answer.headers['content-type'], 'application/json', path);
      assert.equal(Array.isArray(answer.json()), false);
    }
    const info = (await world.api(`/v2/service/admin/${service}`)).ok<{ environments: { name: string }[] }>();
    assert.equal(info.environments[0]?.name, 'default');
  });

  test('may send a POST without a body, of no type and of no length', async () => {
    const posts = async (path: string, headers = {}) => await world.api(path, { method: 'POST', headers });
    for (const [headers, prefix] of [
      [{}, ''],
      [{ 'content-length': '0' }, '/v1'],
      [{ 'content-length': '0', 'content-type': 'application/json' }, '/v2'],
    ] as const) {
      const { id } = await world.spawn(await world.service('echo.js'));
      assert.equal((await posts(`${prefix}/backend/${id}/terminate`, headers)).status, 200, prefix);
      const name = await world.service('echo.js');
      const path = prefix === '/v2' ? `/v2/service/admin/${name}` : `${prefix}/user/admin/service/${name}`;
      assert.equal((await posts(`${path}/delete`, headers)).status, 200, prefix);
    }
  });

  test('that add a slash to the base URL get their answers without a redirect', async () => {
    const service = await world.service('echo.js');
    for (const path of ['//auth', `//v2/service/admin/${service}`, `/v2/service/admin/${service}/`]) {
      assert.equal((await world.api(path)).status, 200, path);
    }
  });

  test('read the stream of version 2 in both of its forms, an event in each chunk', async () => {
    const { id, states } = await endedBackend();
    const path = `/v2/backend/${id}/status/stream`;
    const plain = await world.api(path, { token: null });
    assert.equal(plain.text, states.map(state => `data: ${state}\n\n`).join(''));
    assert.equal(plain.headers['access-control-allow-origin'], '*');
    const explicit = await rawGet(world, path, 'Accept: text/event-stream\r\n');
    const chunks = explicit.split(/(?:^|\r\n)[0-9a-f]+\r\n/).filter(chunk => chunk.startsWith('id: '));
    assert.deepEqual(
      chunks.map(chunk => /^id: \d+\ndata: (.*)\n\n$/.exec(chunk)?.[1]),
      states,
    );
    const [second] = chunks.slice(1);
    const headers = { 'last-event-id': /\d+/.exec(second ?? '')?.[0] ?? '' };
    const resumed = await world.api(path, { token: null, headers });
    assert.equal(
      resumed.text,
      states
        .slice(2)
        .map(state => `data: ${state}\n\n`)
        .join(''),
    );
  });

  test('read one log by every path that there was for it', async () => {
    const { id } = await endedBackend();
    for (const path of [`/backend/${id}/logs`, `/v2/backend/${id}/logs`, `/v2/backend/${id}/logs/stream`]) {
      assert.equal((await world.api(path)).text, 'data: listening\n\n', path);
      assertRefused(await world.api(path, { token: null }), 401, 'InvalidAuth');
    }
  });

  test('in web pages may ask for states of version 2 from anywhere, also for what is not there', async () => {
    const { id } = await endedBackend();
    for (const path of [`/v2/backend/${id}/status`, `/v2/backend/${id}/status/stream?x=0.5}`]) {
      const preflight = await world.api(path, { method: 'OPTIONS', token: null });
      assert.equal(preflight.status, 204);
      assert.equal(preflight.headers['access-control-allow-origin'], '*');
      const unknown = await world.api(path.replace(id, 'nope'), { token: null });
      assertRefused(unknown, 404, 'NotFound');
      assert.equal(unknown.headers['access-control-allow-origin'], '*');
    }
  });

  /** One that was asked to end, with its states as the stream of version 2 tells them. */
  async function endedBackend(): Promise<{ id: string; states: string[] }> {
    const path = `/v2/service/admin/${await world.service('echo.js')}/connect`;
    const id = String((await world.api(path, { body: {} })).ok().backend_id);
    const backend = TestBackend.withId(world.server, id);
    await backend.reaches('Ready');
    await backend.terminate();
    await backend.reaches('Terminated');
    const { statuses } = (await world.api(`/v2/backend/${id}`)).ok<{ statuses: Record<string, unknown>[] }>();
    const states = statuses.map(state => {
      const { status, time, termination_reason, termination_kind, exit_code: code } = state;
      const exit_error = code === undefined ? undefined : code !== 0;
      return JSON.stringify({ status, time, termination_reason, termination_kind, exit_error });
    });
    return { id, states };
  }
});

/** The answer as it is on the wire, to its end. */
async function rawGet(world: World, path: string, headers: string): Promise<string> {
  const socket = connect(world.server.port, '127.0.0.1');
  socket.setTimeout(15_000, () => socket.destroy(new Error('no end')));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`);
  const answer = await text(socket);
  return answer.slice(answer.indexOf('\r\n\r\n') + 4);
}
