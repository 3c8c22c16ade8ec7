import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, forEachRuntime } from '../support/index.ts';
import { assertRefused, type SpriteShape, TestSprite } from './support.ts';

interface Page {
  readonly sprites: readonly SpriteShape[];
  readonly next_continuation_token: string | null;
}

const settings = { 'sprites.idle_warm': '1s', 'sprites.idle_cold': '1s' };

forEachRuntime('sprites', { settings }, world => {
  test('is created running, described, listed and destroyed', async () => {
    const sprite = await TestSprite.create(world, { labels: ['x'], environment: { A: 'b' } });
    const { shape } = sprite;
    assert.match(shape.id, /^sprite-[0-9a-f-]{36}$/);
    assert.match(shape.url, new RegExp(`^http://${sprite.name}-[a-z0-9]{6}\\.localhost:\\d+$`));
    assert.deepEqual(shape.url_settings, { auth: 'sprite', private_access: 'org_users' });
    assert.deepEqual([shape.status, shape.labels, shape.environment], ['running', ['x'], { A: 'b' }]);
    assert.match((await sprite.run('printenv', 'A')).stdout, /^b\n$/);
    const list = (await world.api(`/v1/sprites?prefix=${sprite.name}`)).ok<{
      sprites: SpriteShape[];
      has_more: boolean;
      next_continuation_token: null;
      org: { name: string };
    }>();
    assert.deepEqual(
      [list.sprites.map(({ name }) => name), list.has_more, list.next_continuation_token, list.org.name],
      [[sprite.name], false, null, 'admin'],
    );
    assertRefused(
      await world.api('/v1/sprites', { body: { name: sprite.name } }),
      400,
      'sprite already exists',
    );
    assert.equal((await sprite.api('', { method: 'DELETE' })).status, 204);
    assertRefused(await sprite.api(''), 404, 'sprite not found');
    assertRefused(await sprite.api('', { method: 'DELETE' }), 404, 'sprite not found');
  });

  test('sleeps without activity and wakes with its files when something is asked of it', async () => {
    const sprite = await TestSprite.create(world);
    await sprite.run('sh', '-c', 'echo kept > kept');
    await eventually('warm', async () => (await sprite.status()) === 'warm');
    assert.equal((await sprite.run('cat', 'kept')).stdout, 'kept\n');
    await eventually('cold', async () => (await sprite.status()) === 'cold');
    assert.equal((await sprite.api('/check')).ok().status, 'hibernated');
    const version = await sprite.api('/exec', { method: 'HEAD' });
    assert.deepEqual([version.status, version.headers['sprite-version']], [200, 'v0.0.1-rc48']);
    assert.equal(await sprite.status(), 'cold');
    assert.equal((await sprite.run('cat', 'kept')).stdout, 'kept\n');
    assert.equal(await sprite.status(), 'running');
  });

  test('is changed: who gets in, and its labels', async () => {
    const sprite = await TestSprite.create(world, { labels: ['a'] });
    const changed = await sprite.api('', {
      method: 'PUT',
      body: { url_settings: { auth: 'public' }, labels: ['b', 'c'] },
    });
    const { url_settings: url, labels } = changed.ok();
    assert.deepEqual([url, labels], [{ auth: 'public', private_access: 'org_users' }, ['b', 'c']]);
    const cleared = await sprite.api('', { method: 'PUT', body: { clear_labels: true } });
    assert.deepEqual(cleared.ok().labels, []);
    assertRefused(await sprite.api('', { method: 'PUT', body: {} }), 400, 'invalid request body');
    const bad = { url_settings: { auth: 'everybody' } };
    assertRefused(await sprite.api('', { method: 'PUT', body: bad }), 400, 'invalid request body');
  });

  test('is restarted over the same files', async () => {
    const sprite = await TestSprite.create(world);
    await sprite.run('touch', 'kept');
    const { sprite_name: name } = (await sprite.api('/restart', { body: {} })).ok();
    assert.equal(name, sprite.name);
    assert.equal((await sprite.run('ls')).stdout, 'kept\n');
  });

  test('of another account is unknown, without a token nothing is told', async () => {
    const sprite = await TestSprite.create(world);
    const { token } = await world.account(`other-${world.runtime}`);
    for (const path of ['', '/check', '/exec', '/fs/list?path=/']) {
      assertRefused(await sprite.api(path, { token }), 404, 'sprite not found');
      assertRefused(await sprite.api(path, { token: null }), 401, 'unauthorized');
    }
    const { sprites } = (await world.api('/v1/sprites', { token })).ok<{ sprites: unknown[] }>();
    assert.deepEqual(sprites, []);
    const stored = `org/1/2/${world.server.token}`;
    assert.equal((await sprite.api('', { token: stored })).status, 200);
  });

  test('a name is required, and has to be one', async () => {
    const create = (body: object | string) => world.api('/v1/sprites', { method: 'POST', body });
    assertRefused(await create({}), 400, 'name is required');
    assertRefused(await create({ name: '' }), 400, 'name is required');
    for (const name of [1, {}, 'A', '-a', 'a_b', 'x'.repeat(57)]) {
      const answer = await create({ name });
      assert.equal(answer.status, 400, answer.text);
      assert.equal(answer.json().error, 'invalid name', answer.text);
    }
    for (const body of ['{', '[]', '"x"', 'null'])
      assertRefused(await create(body), 400, 'invalid request body');
    assertRefused(await create({ name: 'x', labels: 'a' }), 400, 'invalid request body');
    assertRefused(await create({ name: 'x', labels: ['a'.repeat(129)] }), 400, 'invalid request body');
    assertRefused(await create({ name: 'x', environment: { 'A-B': '1' } }), 400, 'invalid request body');
    assertRefused(await create({ name: 'x', config: { idle_warm: 'soon' } }), 400, 'invalid duration');
  });

  test('the list comes in pages, in order', async () => {
    const prefix = `page-${world.runtime}`;
    for (const letter of ['c', 'a', 'b']) await TestSprite.create(world, { name: `${prefix}-${letter}` });
    const names: string[] = [];
    let token: string | null = '';
    while (token !== null) {
      const query: string = `prefix=${prefix}&max_results=2${token && `&continuation_token=${token}`}`;
      const page: Page = (await world.api(`/v1/sprites?${query}`)).ok<Page>();
      names.push(...page.sprites.map(({ name }) => name));
      token = page.next_continuation_token;
    }
    assert.deepEqual(
      names,
      ['a', 'b', 'c'].map(letter => `${prefix}-${letter}`),
    );
    assert.equal((await world.api('/v1/sprites?max_results=100000')).status, 200);
    assert.equal((await world.api('/v1/sprites?continuation_token=nonsense')).status, 400);
  });
});

const few = { 'sprites.max_sprites': 2, 'sprites.create_per_minute': 3 };

forEachRuntime('limits of sprites', { settings: few, runtimes: ['process'] }, world => {
  test('are told with how many there are, and when to try again', async () => {
    const sprites = [await TestSprite.create(world), await TestSprite.create(world)];
    const full = await world.api('/v1/sprites', { body: { name: 'more' } });
    assertRefused(full, 429, 'concurrent_sprite_limit_exceeded');
    const told = full.json<Record<string, unknown>>();
    assert.deepEqual([told.limit, told.current_count, told.retry_after_seconds], [2, 2, 5]);
    assert.deepEqual(
      ['retry-after', 'x-ratelimit-limit', 'x-ratelimit-remaining'].map(name => full.headers[name]),
      ['5', '2', '0'],
    );
    assert.ok(Number(full.headers['x-ratelimit-reset']) > Date.now() / 1000);
    for (const sprite of sprites) await sprite.api('', { method: 'DELETE' });
    await TestSprite.create(world);
    const fast = await world.api('/v1/sprites', { body: { name: 'more' } });
    assertRefused(fast, 429, 'sprite_creation_rate_limited');
    const { limit, window_seconds: window, retry_after_seconds: after } = fast.json<Record<string, number>>();
    assert.deepEqual([limit, window], [3, 60]);
    assert.ok(after !== undefined && after >= 1 && after <= 60, `${after}`);
  });

  test('unknown paths below are refused in the same words', async () => {
    assertRefused(await world.api('/v1/sprites/box/no/such'), 404, 'not found');
  });
});
