import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachRuntime } from '../support/index.ts';
import { TestServices } from './services-support.ts';
import { assertRefused, TestSprite } from './support.ts';

const settings = { 'sprites.max_services': 2 };

forEachRuntime('bad input about services', { runtimes: ['process'], settings }, world => {
  test('definitions are refused with the field at fault, and nothing is made', async () => {
    const { sprite } = new TestServices(await TestSprite.create(world));
    const refuse = async (body: object | string, message: RegExp) => {
      const answer = await sprite.api('/services/web?duration=0', { method: 'PUT', body });
      assert.match(
        assertRefused(answer, 400, 'invalid request body'),
        message,
        JSON.stringify(body).slice(0, 99),
      );
    };
    for (const body of ['{', '[]', '"x"', 'null', '1']) await refuse(body, /./);
    await refuse({}, /^cmd is required$/);
    await refuse({ cmd: '' }, /^cmd is required$/);
    await refuse({ cmd: null }, /^cmd is required$/);
    for (const cmd of [1, {}, ['sh'], true]) await refuse({ cmd }, /^cmd must be a string$/);
    await refuse({ cmd: 'a\0b' }, /^cmd/);
    await refuse({ cmd: 'x'.repeat(4_097) }, /^cmd/);
    const wrong: Record<string, readonly unknown[]> = {
      args: ['x', [1], [null], {}, Array(1_025).fill(''), ['x'.repeat(131_073)], ['a\0']],
      env: [
        'x',
        [],
        { A: 1 },
        { 'A-B': '1' },
        { '': '1' },
        { '1A': '' },
        { A: 'a\0' },
        { A: 'x'.repeat(131_072) },
      ],
      dir: [1, {}, 'x'.repeat(4_097), 'a\0'],
      needs: ['a', [1], {}, Array(65).fill('a')],
      http_port: [0, 65_536, 1.5, '80', -1, true],
      restart: ['sometimes', 1, true],
    };
    for (const [field, values] of Object.entries(wrong)) {
      for (const value of values) await refuse({ cmd: 'true', [field]: value }, new RegExp(`^${field}`));
    }
    const many = Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`V${i}`, '']));
    await refuse({ cmd: 'true', env: many }, /^env/);
    assert.deepEqual((await sprite.api('/services')).ok(), []);
  });

  test('a bad name is refused where a service would be made, and is unknown elsewhere', async () => {
    const { sprite } = new TestServices(await TestSprite.create(world));
    for (const name of ['.a', '-a', 'a%2Fb', 'a%20b', '%C3%A9', 'x'.repeat(64)]) {
      const body = { cmd: 'true' };
      assertRefused(
        await sprite.api(`/services/${name}`, { method: 'PUT', body }),
        400,
        'invalid service name',
      );
      assertRefused(await sprite.api(`/services/${name}`), 404, 'service not found');
    }
    const routes = ['GET ', 'DELETE ', 'POST /start', 'POST /stop', 'POST /restart', 'GET /logs'];
    for (const route of routes) {
      const [method = '', path = ''] = route.split(' ');
      for (const name of ['ghost', 'constructor', '__proto__x', 'signal']) {
        assertRefused(await sprite.api(`/services/${name}${path}`, { method }), 404, 'service not found');
      }
    }
    const odd = `a.${'x'.repeat(60)}_`;
    const put = await sprite.api(`/services/${odd}?duration=0`, {
      method: 'PUT',
      body: { cmd: 'sleep', args: ['9'] },
    });
    assert.equal(put.status, 200, put.text);
    assert.equal((await sprite.api(`/services/${odd}`)).ok().name, odd);
  });

  test('more services than are allowed are refused', async () => {
    const services = new TestServices(await TestSprite.create(world));
    const body = { cmd: 'sleep', args: ['600'] };
    await services.put('a', body);
    await services.put('signal', body);
    const third = await services.sprite.api('/services/c', { method: 'PUT', body });
    assertRefused(third, 409, 'too many services');
    await services.put('a', { ...body, args: ['601'] });
    assert.equal((await services.get('signal')).name, 'signal');
    await services.sprite.api('/services/a', { method: 'DELETE' });
    await services.put('c', body);
  });

  test('other accounts know none of it, and without a token nothing is told', async () => {
    const services = new TestServices(await TestSprite.create(world));
    await services.put('web', { cmd: 'sleep', args: ['600'] });
    const { token } = await world.account('stranger');
    const routes = [
      ['GET', ''],
      ['GET', '/web'],
      ['PUT', '/web'],
      ['DELETE', '/web'],
      ['POST', '/web/start'],
      ['POST', '/web/stop'],
      ['POST', '/web/restart'],
      ['GET', '/web/logs'],
      ['POST', '/signal'],
    ] as const;
    for (const [method, path] of routes) {
      const ask = (token: string | null) => services.sprite.api(`/services${path}`, { method, token });
      assertRefused(await ask(token), 404, 'sprite not found');
      assertRefused(await ask(null), 401, 'unauthorized');
      assertRefused(await ask('nonsense'), 401, 'unauthorized');
    }
    assert.equal((await services.get('web')).state.status, 'running');
    const wrongMethod = await services.sprite.api('/services/web/start');
    assert.equal(assertRefused(wrongMethod, 405, 'method not allowed') !== '', true);
  });
});
