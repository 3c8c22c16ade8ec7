import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, forEachRuntime } from '../support/index.ts';
import { TestSprite } from './support.ts';

/** A request over the socket inside a sprite. */
async function ask(sprite: TestSprite, method: string, path: string, body?: object) {
  const program = `
    const [method, path, body] = process.argv.slice(1);
    const options = { socketPath: '/.sprite/api.sock', method, path, headers: { host: 'sprite' } };
    require('http').request(options, res => {
      let text = '';
      res.on('data', chunk => (text += chunk));
      res.on('end', () => console.log(JSON.stringify({ status: res.statusCode, text })));
    }).end(body);`;
  const { stdout, stderr } = await sprite.run(
    'node',
    '-e',
    program,
    method,
    path,
    body === undefined ? '' : JSON.stringify(body),
  );
  assert.equal(stderr, '');
  const { status, text } = JSON.parse(stdout) as { status: number; text: string };
  return { status, body: text === '' ? undefined : JSON.parse(text) };
}

const settings = { 'sprites.idle_warm': '1s', 'sprites.idle_cold': '1s' };

forEachRuntime('inside a sprite', { runtimes: ['oci'], settings }, world => {
  test('tasks are made, prolonged, listed and ended, without a token', async () => {
    const sprite = await TestSprite.create(world);
    const made = await ask(sprite, 'POST', '/v1/tasks', { name: 'agent', expire: '5m' });
    assert.equal(made.status, 201);
    assert.equal(Date.parse(made.body.expires_at) - Date.parse(made.body.started_at), 300_000);
    assert.equal((await ask(sprite, 'POST', '/v1/tasks', { name: 'agent' })).status, 409);
    const longer = await ask(sprite, 'PUT', '/v1/tasks/agent', { expire: 3600 });
    assert.equal(longer.status, 200);
    assert.ok(Date.parse(longer.body.expires_at) > Date.parse(made.body.expires_at));
    const { tasks } = (await ask(sprite, 'GET', '/v1/tasks')).body;
    assert.deepEqual(
      tasks.map(({ name }: { name: string }) => name),
      ['agent'],
    );
    assert.equal((await ask(sprite, 'PUT', '/v1/tasks', { name: 'b', expire: '2h' })).status, 400);
    assert.equal((await ask(sprite, 'POST', '/v1/tasks', {})).status, 400);
    await new Promise(resolve => setTimeout(resolve, 2_500));
    assert.equal(await sprite.status(), 'running');
    assert.equal((await ask(sprite, 'DELETE', '/v1/tasks/agent')).status, 204);
    assert.equal((await ask(sprite, 'DELETE', '/v1/tasks/agent')).status, 404);
    await eventually('sleep', async () => (await sprite.status()) !== 'running');
  });

  test('its own checkpoints are reached, and nothing else', async () => {
    const sprite = await TestSprite.create(world);
    const other = await TestSprite.create(world);
    assert.deepEqual((await ask(sprite, 'GET', '/v1/checkpoints')).body, []);
    assert.equal((await ask(sprite, 'GET', '/v1/info')).body.name, sprite.name);
    for (const path of [
      `/v1/sprites/${other.name}`,
      '/v1/sprites',
      `/v1/services/../../${other.name}/services`,
      '/v1/exec',
      '/v1/policy/network',
      '/',
      '/auth',
    ]) {
      assert.equal((await ask(sprite, 'GET', path)).status, 404, path);
    }
    assert.equal((await sprite.api('/tasks')).status, 404);
  });
});
