import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, eventually, forEachRuntime, type World } from '../support/index.ts';
import { answering, freePort, TestServices } from './services-support.ts';
import { assertRefused, TestSprite } from './support.ts';

const settings = { 'sprites.http_port_timeout': '2s' };

forEachRuntime("services at a sprite's URL", { settings }, world => {
  test('the URL leads to the port of the service, for those who may come in', async () => {
    const services = await make(world);
    const { sprite } = services;
    await services.put('web', answering(world, await freePort(), 'hello'));
    assert.equal((await answers(sprite)).text, 'hello');
    assertRefused(await sprite.url('/', { token: null }), 401, 'unauthorized');
    const { token } = await world.account(`passer-by-${world.runtime}`);
    assertRefused(await sprite.url('/', { token }), 401, 'unauthorized');
    const body = { url_settings: { auth: 'public' } };
    assert.equal((await sprite.api('', { method: 'PUT', body })).status, 200);
    assert.equal((await sprite.url('/', { token: null })).text, 'hello');
    const taken = await sprite.api('/services/other', {
      method: 'PUT',
      body: { cmd: 'true', http_port: 4_000 },
    });
    assert.match(assertRefused(taken, 409, 'another service already has an HTTP port configured'), /"web"/);
    assert.equal((await sprite.api('/services/other')).status, 404);
  });

  test('what a user has stopped is not started by a request', async () => {
    const services = await make(world);
    const port = await freePort();
    await services.put('web', answering(world, port, 'hello'));
    await answers(services.sprite);
    await services.post('web', 'stop');
    const answer = await services.sprite.url();
    assert.equal(answer.status, 503);
    assert.equal(answer.headers['retry-after'], undefined);
    const { message, ...rest } = answer.json<{ message: string }>();
    assert.match(message, /web/);
    const { name } = services.sprite;
    assert.deepEqual(rest, { error: 'service stopped', sprite: name, service: 'web', port });
    assert.equal((await services.get('web')).state.status, 'stopped');
    await services.post('web', 'start?duration=0');
    assert.equal((await services.sprite.url()).text, 'hello');
  });

  test('one that has ended well is started by a request', async () => {
    const services = await make(world);
    const port = await freePort();
    const { args } = answering(world, port, 'hello') as { args: string[] };
    const onceEnded = `if [ -e ended ]; then exec node -e "$0"; else touch ended; fi`;
    const body = { cmd: 'sh', args: ['-c', onceEnded, args[1]], http_port: port, restart: 'on-failure' };
    await services.put('web', body, 'duration=30s');
    assert.equal((await services.get('web')).state.status, 'stopped');
    const all = await Promise.all([1, 2, 3, 4].map(() => services.sprite.url()));
    assert.deepEqual(all.map(bodyOrError), ['hello', 'hello', 'hello', 'hello']);
  });

  test('a failed one is started at most once a second, and the reason is told', async () => {
    const services = await make(world);
    const port = await freePort();
    const script = 'echo x >> tries; exit 7';
    await services.sh('web', script, { http_port: port, restart: 'never' }, 'duration=30s');
    const begun = performance.now();
    const all: Answer[] = [];
    while (performance.now() - begun < 2_500) all.push(await services.sprite.url());
    for (const answer of all) {
      assert.equal(answer.status, 502, answer.text);
      const { error, message, service } = answer.json<Record<string, string>>();
      assert.deepEqual([error, service], ['bad gateway', 'web']);
      assert.match(message ?? '', /exited with code 7/);
    }
    const tries = (await services.sprite.run('cat', 'tries')).stdout.length / 2;
    const seconds = Math.ceil((performance.now() - begun) / 1_000);
    assert.ok(tries >= 2 && tries <= seconds + 2, `${tries} tries in ${seconds} s`);
  });

  test('one that does not listen is waited for, then refused', async () => {
    const services = await make(world);
    const port = await freePort();
    await services.put('mute', { cmd: 'sleep', args: ['600'], http_port: port, restart: 'never' });
    await services.signal('mute', 'TERM');
    await eventually('its end', async () => (await services.get('mute')).state.status === 'failed');
    const begun = performance.now();
    const answer = await services.sprite.url();
    assert.equal(answer.status, 502, answer.text);
    assert.match(answer.json<{ message: string }>().message, /did not accept connections within 2s/);
    assert.ok(performance.now() - begun >= 1_900);
  });

  test('without a service, or something on port 8080, a request is refused at once', async () => {
    const services = await make(world);
    const begun = performance.now();
    const answer = await services.sprite.url();
    assert.ok(performance.now() - begun < 10_000);
    assert.match(assertRefused(answer, 502, 'bad gateway'), /8080/);
    assert.deepEqual([answer.json().service, answer.json().port], [null, 8_080]);
  });

  test('a sprite that sleeps is woken, with its services', async () => {
    const config = { idle_warm: '1s', idle_cold: '2s' };
    const services = new TestServices(await TestSprite.create(world, { config }));
    const { sprite } = services;
    await services.put('db', { cmd: 'sleep', args: ['600'] });
    await services.put('web', { ...answering(world, await freePort(), 'hello'), needs: ['db'] });
    await answers(sprite);
    const { pid } = (await services.get('web')).state;
    await sprite.run('touch', 'kept');
    await eventually('warm', async () => (await sprite.status()) === 'warm');
    assert.equal((await sprite.url()).text, 'hello');
    assert.equal((await services.get('web')).state.pid, pid);
    await eventually('cold', async () => (await sprite.status()) === 'cold');
    assert.equal((await sprite.url()).text, 'hello');
    const { state } = await services.get('web');
    assert.deepEqual([state.status, state.restart_count], ['running', undefined]);
    assert.equal((await sprite.run('ls')).stdout, 'kept\n');
    const db = (await services.get('db')).state;
    assert.ok(Date.parse(db.started_at ?? '') <= Date.parse(state.started_at ?? ''));
    // What was stopped by a user stays so.
    await services.post('web', 'stop');
    await eventually('cold again', async () => (await sprite.status()) === 'cold');
    assert.equal((await services.get('web')).state.status, 'stopped');
    await eventually('its need', async () => (await services.get('db')).state.status === 'running');
  });
});

async function make(world: World): Promise<TestServices> {
  return new TestServices(await TestSprite.create(world));
}

/** What its URL answers; programs take a moment until they listen. */
async function answers(sprite: TestSprite): Promise<Answer> {
  let answer = await sprite.url();
  await eventually('an answer', async () => {
    answer = await sprite.url();
    return answer.status === 200;
  });
  return answer;
}

function bodyOrError({ status, text }: Answer): string {
  return status === 200 ? text : `${status}: ${text}`;
}
