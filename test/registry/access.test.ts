import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adminToken, forEachRuntime } from '../support/index.ts';
import { errorCode, TestRepository } from './registry-client.ts';

forEachRuntime('who may use the registry', { runtimes: ['process'] }, world => {
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  const get = async (path: string, headers = {}) => await world.api(path, { token: null, headers });
  const [publicPart = '', ...privateParts] = adminToken.split('.');

  test('nobody without credentials, who is told where to get a token', async () => {
    const base = await get('/v2/');
    assert.deepEqual([base.status, errorCode(base)], [401, 'UNAUTHORIZED']);
    const realm = `realm="http://localhost:${world.server.port}/registry/token"`;
    const service = `service="localhost:${world.server.port}"`;
    assert.equal(base.headers['www-authenticate'], `Bearer ${realm},${service}`);
    const pull = await get('/v2/acct/web/manifests/v1');
    assert.equal(
      pull.headers['www-authenticate'],
      `Bearer ${realm},${service},scope="repository:acct/web:pull"`,
    );
    const push = await world.api('/v2/acct/web/blobs/uploads/', { token: null, method: 'POST' });
    assert.match(String(push.headers['www-authenticate']), /scope="repository:acct\/web:pull,push"/);
    const odd = await get('/v2/a%22b/web/manifests/v1');
    assert.doesNotMatch(String(odd.headers['www-authenticate']), /scope/);
  });

  test('who has a token, as the password of its account, by its two parts, or as it is', async () => {
    for (const headers of [
      basic(`admin:${adminToken}`),
      basic(`${publicPart}:${privateParts.join('.')}`),
      { authorization: `Bearer ${adminToken}` },
    ]) {
      const answer = await get('/v2/', headers);
      assert.deepEqual([answer.status, answer.text], [200, '{}']);
      assert.equal(answer.headers['docker-distribution-api-version'], 'registry/2.0');
    }
    const { token } = await world.account('plain');
    for (const headers of [
      basic(`admin:${adminToken}x`),
      basic(`admin:${token}`),
      basic(`other:${token}`),
      basic('admin:'),
      basic(adminToken),
      { authorization: 'Basic %%%' },
      { authorization: 'Bearer nothing' },
      { authorization: adminToken },
    ]) {
      const answer = await get('/v2/', headers);
      assert.deepEqual([answer.status, errorCode(answer)], [401, 'UNAUTHORIZED'], JSON.stringify(headers));
    }
  });

  test('who exchanges credentials for a token of some minutes', async () => {
    const answer = await get(
      '/registry/token?service=x&scope=repository:a/b:pull',
      basic(`admin:${adminToken}`),
    );
    const { token, access_token, expires_in, issued_at } = answer.ok<Record<string, string>>();
    assert.equal(token, access_token);
    assert.equal(expires_in, 300);
    assert.ok(Math.abs(Date.now() - Date.parse(issued_at ?? '')) < 60_000);
    assert.equal((await get('/v2/', { authorization: `Bearer ${token}` })).status, 200);
    const broken = `${token?.slice(0, -2)}AA`;
    const refused = await get('/v2/', { authorization: `Bearer ${broken}` });
    assert.equal(refused.status, 401);
    assert.match(String(refused.headers['www-authenticate']), /error="invalid_token"/);

    const without = await get('/registry/token');
    assert.deepEqual([without.status, errorCode(without)], [401, 'UNAUTHORIZED']);
    assert.match(String(without.headers['www-authenticate']), /^Basic /);
  });

  test('no longer than the token that was exchanged', async () => {
    const { name, token } = await world.account('leaver');
    const { token: registryToken } = (await get('/registry/token', basic(`${name}:${token}`))).ok<{
      token: string;
    }>();
    const headers = { authorization: `Bearer ${registryToken}` };
    assert.equal((await get('/v2/', headers)).status, 200);
    const own = { authorization: `Bearer ${token}` };
    const { tokens } = (await get('/berth/v1/tokens', own)).ok<{ tokens: { id: string }[] }>();
    for (const { id } of tokens) {
      await world.api(`/berth/v1/tokens/${id}`, { method: 'DELETE', token: null, headers: own });
    }
    assert.equal((await get('/v2/', headers)).status, 401);
  });

  test('nobody for another account, whether it exists or not', async () => {
    const { name, token } = await world.account('alice');
    await world.account('bob');
    await world.api('/user/bob/service', {
      body: { name: 'secret' },
      headers: { 'x-jamsocket-admin-as-account': 'bob' },
    });
    const answers = [];
    for (const repository of ['bob/secret', 'bob/nope', 'nobody/nope', 'admin/nope', 'service/nope']) {
      const alice = new TestRepository(world, repository, `${name}:${token}`);
      for (const [method, path] of [
        ['GET', 'tags/list'],
        ['HEAD', 'manifests/v1'],
        ['POST', 'blobs/uploads/'],
      ] as const) {
        const answer = await alice.send(method, path);
        assert.equal(answer.status, 403, `${method} ${repository}`);
        if (method !== 'HEAD') answers.push(answer.text);
      }
    }
    assert.equal(new Set(answers).size, 1);
    assert.match(answers[0] ?? '', /"code":"DENIED"/);
  });

  test('nobody for a service that is not there: a push does not make it', async () => {
    const repository = new TestRepository(world, 'admin/never-made');
    for (const [method, path] of [
      ['POST', 'blobs/uploads/'],
      ['GET', 'tags/list'],
      ['PUT', 'manifests/v1'],
    ] as const) {
      const answer = await repository.send(method, path);
      assert.deepEqual([answer.status, errorCode(answer)], [404, 'NAME_UNKNOWN']);
    }
    assert.doesNotMatch((await world.api('/user/admin/services')).text, /never-made/);
  });

  test('nobody for a name of one part, or of three', async () => {
    for (const name of ['web', 'admin/web/more']) {
      const repository = new TestRepository(world, name);
      for (const [method, path] of [
        ['POST', 'blobs/uploads/'],
        ['GET', 'manifests/v1'],
        ['PUT', 'manifests/v1'],
      ] as const) {
        const answer = await repository.send(method, path);
        assert.deepEqual([answer.status, errorCode(answer)], [404, 'NAME_UNKNOWN'], `${method} ${name}`);
      }
    }
  });

  test('an administrator for an account that is named', async () => {
    await world.account('customer');
    const headers = { 'x-jamsocket-admin-as-account': 'customer' };
    (await world.api('/user/customer/service', { body: { name: 'web' }, headers })).ok();
    const unnamed = new TestRepository(world, 'customer/web');
    assert.equal((await unnamed.send('GET', 'tags/list')).status, 403);
    assert.equal((await unnamed.send('GET', 'tags/list', { headers })).status, 200);
    const named = new TestRepository(world, 'customer/web', `customer:${adminToken}`);
    assert.equal((await named.send('GET', 'tags/list')).status, 200);
  });

  test('a blob of another repository is not there', async () => {
    const { name, token } = await world.account('carol');
    await world.api(`/user/${name}/service`, { token, body: { name: 'web' } });
    const carol = new TestRepository(world, `${name}/web`, `${name}:${token}`);
    const admin = await TestRepository.make(world, 'private');
    const { digest } = await admin.pushBlob(Buffer.from('private content'));
    assert.equal((await carol.send('HEAD', `blobs/${digest}`)).status, 404);
    for (const query of [`mount=${digest}`, `mount=${digest}&from=admin/private`]) {
      assert.equal((await carol.send('POST', `blobs/uploads/?${query}`)).status, 202);
    }
    const own = await carol.pushBlob(Buffer.from('private content'));
    assert.equal(own.digest, digest);
  });
});
