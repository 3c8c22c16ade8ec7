import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { assertRefused, type Echo, exchange, forEachRuntime, type TestBackend } from './support/index.ts';

forEachRuntime('a backend with a bearer token', { runtimes: ['process'] }, world => {
  let backend: TestBackend;
  let token: string;
  before(async () => {
    const service = await world.service('echo.js', { name: 'guarded' });
    backend = await world.spawn(service, { lock: 'guarded', require_bearer_token: true });
    await backend.reaches('Ready');
    token = backend.result.bearer_token ?? '';
  });

  test('its token is in the answer, the URL has none, the ready page is behind it', () => {
    const { url, ready_url: readyUrl } = backend.result;
    assert.match(token, /^[A-Za-z0-9_-]{43}$/);
    assert.equal(url, `http://${backend.host}/`);
    assert.equal(readyUrl, `http://localhost:${world.server.port}/ready/${backend.id}/${token}/`);
  });

  test('without a token nobody gets in', async () => {
    for (const headers of [
      {},
      { authorization: 'Bearer nonsense' },
      { authorization: `Bearer ${'a'.repeat(43)}` },
      { authorization: `Basic ${token}` },
      { cookie: `_plane_auth=${'a'.repeat(43)}` },
      { cookie: `other=${token}` },
    ]) {
      assertRefused(await backend.request('/', { headers }), 403, 'Forbidden');
      assertRefused(await backend.request(`/?token=${token}`, { headers }), 403, 'Forbidden');
    }
    await assert.rejects(backend.webSocket(), /403/);
  });

  test('with another token in the path it is gone', async () => {
    assertRefused(await backend.request(`/${'a'.repeat(43)}/x`), 410, 'Gone');
    const other = await world.spawn('guarded', { require_bearer_token: true });
    assertRefused(await backend.request(`/${other.result.bearer_token}/x`), 410, 'Gone');
    await other.terminate({ hard: true });
  });

  test('the token opens it as the first part of the path, which the program does not see', async () => {
    for (const [path, seen] of [
      [`/${token}/a/b?c=%20`, '/a/b?c=%20'],
      [`/${token}/`, '/'],
      [`/${token}`, '/'],
      [`/${token}?q`, '/?q'],
      [`/${token}//x/../y`, '//x/../y'],
    ] as const) {
      const { url, headers } = (await backend.request(path)).ok<Echo>();
      assert.equal(url, seen);
      assert.equal(headers['x-verified-path'], path.split('?')[0]);
      assert.equal(headers['x-verified-backend'], backend.id);
      assert.equal(headers['x-verified-user-data'], '{}');
      assert.equal(headers['x-verified-username'], undefined);
    }
  });

  test('the token opens it as a header and as a cookie, which the program does not see', async () => {
    const byHeader = await backend.request('/a', { headers: { authorization: `Bearer ${token}` } });
    assert.equal(byHeader.ok<Echo>().url, '/a');
    assert.equal(byHeader.ok<Echo>().headers.authorization, undefined);
    const cookie = `x=1; _plane_auth=${token}; y=2`;
    const byCookie = (await backend.request('/b', { headers: { cookie } })).ok<Echo>();
    assert.match(byCookie.headers.cookie ?? '', /x=1; ?\s*y=2/);
  });

  test('a link sets the cookie and leads on, but to no other host', async () => {
    const path = `/_plane_auth?token=${token}&redirect=${encodeURIComponent('/a?b=c')}`;
    const answer = await backend.request(path);
    assert.equal(answer.status, 302);
    assert.equal(answer.headers.location, '/a?b=c');
    const cookie = String(answer.headers['set-cookie']);
    assert.match(cookie, /^_plane_auth=[\w-]{43};.*HttpOnly/);
    const opened = await backend.request('/a?b=c', { headers: { cookie: cookie.split(';')[0] ?? '' } });
    assert.equal(opened.ok<Echo>().url, '/a?b=c');
    for (const target of ['//evil.example/', 'https://evil.example/', 'a', '/\\evil.example', '']) {
      const bad = `/_plane_auth?token=${token}&redirect=${encodeURIComponent(target)}`;
      assertRefused(await backend.request(bad), 400, 'BadRequest');
    }
    const wrong = `/_plane_auth?token=${'a'.repeat(43)}&redirect=/`;
    assert.ok([403, 410].includes((await backend.request(wrong)).status));
  });

  test('each spawn of its lock gets a fresh token, asked for or not, and all stay good', async () => {
    const tokens = [token];
    for (const body of [{ require_bearer_token: true }, {}]) {
      const again = await world.spawn('guarded', { lock: 'guarded', ...body });
      assert.deepEqual([again.id, again.result.spawned], [backend.id, false]);
      tokens.push(again.result.bearer_token ?? '');
    }
    assert.equal(new Set(tokens).size, 3);
    for (const one of tokens) assert.equal((await backend.request(`/${one}/`)).status, 200);
  });

  test('what it says to a WebSocket depends on the token, too', async () => {
    const service = await world.service('websocket.js');
    const sockets = await world.spawn(service, { require_bearer_token: true });
    const socket = await sockets.webSocket(`/${sockets.result.bearer_token}/x`);
    assert.equal((await exchange(socket, 'hello')).toString(), 'hello');
    socket.terminate();
  });

  test('its tokens are worth nothing after its end', async () => {
    const ending = await world.spawn('guarded', { require_bearer_token: true });
    await ending.reaches('Ready');
    await ending.terminate({ hard: true });
    await ending.reaches('Terminated');
    const answer = await ending.request(`/${ending.result.bearer_token}/`);
    assertRefused(answer, 410, 'BackendNotRunning');
  });
});
