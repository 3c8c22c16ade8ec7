import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachRuntime } from '../support/index.ts';
import { assertRefused } from './support.ts';

const origin = 'https://app.example.com';
const path = '/v1/sprites/there-is-none';

forEachRuntime('web pages of any origin', { runtimes: ['process'] }, world => {
  test('may ask what they want to send, without a token', async () => {
    for (const each of ['/v1/sprites', path, `${path}/exec`, `${path}/fs/read?path=/x`, '/v1/organization']) {
      const answer = await world.api(each, { method: 'OPTIONS', token: null, headers: { origin } });
      assert.equal(answer.status, 204, `${each}: ${answer.text}`);
      assert.equal(answer.headers['access-control-allow-origin'], '*');
      assert.match(String(answer.headers['access-control-allow-methods']), /PUT.*DELETE/);
      assert.equal(
        answer.headers['access-control-allow-headers'],
        'Authorization, Content-Type, Accept, Range',
      );
      assert.equal(answer.headers['access-control-allow-credentials'], undefined);
      assert.match(String(answer.headers.allow), /GET/);
    }
    assert.equal((await world.api(`${path}/nowhere`, { method: 'OPTIONS', token: null })).status, 404);
  });

  test('may read every answer, refusals too', async () => {
    for (const token of [undefined, null]) {
      const answer = await world.api(path, { headers: { origin }, ...(token === null && { token }) });
      assertRefused(answer, token === null ? 401 : 404, token === null ? 'unauthorized' : 'sprite not found');
      assert.equal(answer.headers['access-control-allow-origin'], '*');
      assert.match(String(answer.headers['access-control-expose-headers']), /Sprite-Version, Retry-After/);
      assert.equal(answer.headers['sprite-version'], 'v0.0.1-rc48');
    }
  });

  test('a token is made from another', async () => {
    const { name, token } = await world.account('maker');
    const ask = (organization: string, authorization: string, body: unknown = {}) =>
      world.api(`/v1/organizations/${organization}/tokens`, {
        method: 'POST',
        token: null,
        headers: { authorization },
        body: JSON.stringify(body),
      });
    for (const authorization of [`FlyV1 ${token}`, `Bearer ${token}`, `Bearer org/id/token/${token}`]) {
      const made = await ask(name, authorization, { description: 'laptop', invite_code: 'x' });
      assert.equal(made.status, 201, made.text);
      const answer = await world.api('/v1/organization', { token: made.json<{ token: string }>().token });
      assert.equal(answer.ok<{ organization: { slug: string } }>().organization.slug, name);
    }
    const { tokens } = (await world.api('/berth/v1/tokens', { token })).ok<{ tokens: { label: string }[] }>();
    assert.equal(tokens.filter(({ label }) => label === 'laptop').length, 3);
    assertRefused(await ask('admin', `Bearer ${token}`), 404, 'organization not found');
    assertRefused(await ask(name, 'FlyV1 wrong.token'), 401, 'unauthorized');
    assertRefused(await ask(name, ''), 401, 'unauthorized');
    assertRefused(await ask(name, `Bearer ${token}`, { description: 1 }), 400, 'invalid request body');
    assertRefused(await ask(name, `Bearer ${token}`, []), 400, 'invalid request body');
    const other = await world.api('/v1/organization', {
      token: null,
      headers: { authorization: `FlyV1 ${token}` },
    });
    assertRefused(other, 401, 'unauthorized');
  });
});

const settings = { 'http.cors_origins': `${origin}, http://localhost:3000` };

forEachRuntime('web pages of listed origins', { runtimes: ['process'], settings }, world => {
  test('are told that they may, others are not', async () => {
    const allowed = async (from: string, method?: string) => {
      const options = { headers: { origin: from }, token: null, ...(method && { method }) };
      const { headers } = await world.api(path, options);
      assert.equal(headers.vary, 'Origin');
      return headers['access-control-allow-origin'];
    };
    for (const method of [undefined, 'OPTIONS']) {
      assert.equal(await allowed(origin, method), origin);
      assert.equal(await allowed('http://localhost:3000', method), 'http://localhost:3000');
      assert.equal(await allowed('https://other.example.com', method), undefined);
    }
  });
});
