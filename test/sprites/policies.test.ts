import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HostNetwork } from '../durability/host-network.ts';
import { type Answer, cannotRun, eventually, forEachRuntime, World } from '../support/index.ts';
import { cannotPlay, Internet, webPort } from './internet.ts';
import { assertRefused, type TestSocket, TestSprite } from './support.ts';

const allow = (domain: string) => ({ domain, action: 'allow' });
const deny = (domain: string) => ({ domain, action: 'deny' });

/** Says what came of a request by its first words. */
const reach = `
  const request = require('node:http').get(process.argv[1], { timeout: 5000 }, response =>
    response.once('data', () => { console.log('reached'); process.exit(); }));
  request.on('error', error => { console.log(error.code); process.exit(); });
  request.on('timeout', () => { console.log('silent'); process.exit(); });
`;
/** Prints all that an answer brings. */
const listen = `
  require('node:http').get(process.argv[1], response => response.pipe(process.stdout));
`;

function setRules(sprite: TestSprite, ...rules: object[]): Promise<Answer> {
  return sprite.api('/policy/network', { body: { rules } });
}

describe('the network policy of a sprite', { skip: cannotRun('oci') ?? cannotPlay }, () => {
  const world = new World('oci');
  let host: HostNetwork;
  let internet: Internet;
  let sprite: TestSprite;

  before(
    async () => {
      host = await HostNetwork.make();
      internet = await Internet.make(host, {
        'api.example.com': '192.0.2.10',
        'example.com': '192.0.2.11',
        'example.org': '203.0.113.20',
        'lan.example.com': '10.255.254.1',
      });
      const settings = { 'network.subnet': host.subnet, 'sprites.policy_defaults': 'example.org' };
      await world.open({ through: host.enter, address: host.inside, settings });
      sprite = await TestSprite.create(world);
    },
    { timeout: 60_000 },
  );

  after(
    async () => {
      await world.close();
      await internet.remove();
      await host.remove();
    },
    { timeout: 60_000 },
  );

  async function reached(name: string, from = sprite): Promise<string> {
    return (await from.run('node', '-e', reach, `http://${name}:${webPort}/`)).stdout.trim();
  }

  /** A command that goes on printing what a name's server says. */
  async function stream(name: string): Promise<TestSocket> {
    const query = new URLSearchParams(
      ['node', '-e', listen, `http://${name}:${webPort}/`].map((word): [string, string] => ['cmd', word]),
    );
    const socket = await sprite.socket(`/exec?${query.toString()}`);
    await socket.until('output', () => socket.output(1).length > 0);
    return socket;
  }

  /** Whether something comes within half a second. */
  async function flows(socket: TestSocket): Promise<boolean> {
    const before = socket.output(1).length;
    return socket
      .until('more', () => socket.output(1).length > before, 500)
      .then(
        () => true,
        () => false,
      );
  }

  test('without rules everything is in reach; with rules, what they allow', async () => {
    assert.deepEqual((await sprite.api('/policy/network')).ok(), { rules: [] });
    assert.equal(await reached('example.org'), 'reached');
    assert.equal(await reached('192.0.2.10'), 'reached');
    const answer = await setRules(sprite, allow('*.example.com'), deny('lan.example.org'));
    assert.deepEqual([answer.status, answer.text], [204, '']);
    assert.equal(await reached('api.example.com'), 'reached');
    assert.match(await reached('example.com'), /^(ENOTFOUND|EAI_AGAIN|EAI_FAIL|EREFUSED)$/);
    assert.match(await reached('example.org'), /^(ENOTFOUND|EAI_AGAIN|EAI_FAIL|EREFUSED)$/);
    assert.equal(await reached('203.0.113.20'), 'ECONNREFUSED');
    assert.match(await reached('lan.example.com'), /^(ENOTFOUND|EAI_AGAIN|EAI_FAIL|EREFUSED)$/);
    assert.equal(await reached('10.255.254.1'), 'ECONNREFUSED');
    assert.equal((await setRules(sprite, { include: 'defaults' })).status, 204);
    assert.equal(await reached('example.org'), 'reached');
    assert.equal(await reached('192.0.2.10'), 'ECONNREFUSED');
    assert.equal((await sprite.api('/policy/network', { method: 'DELETE' })).status, 204);
    assert.equal(await reached('10.255.254.1'), 'reached');
  });

  test('a change cuts what is open and not allowed any more', async () => {
    assert.equal((await setRules(sprite, allow('example.com'), allow('example.org'))).status, 204);
    const [kept, cut] = [await stream('example.com'), await stream('example.org')];
    assert.equal((await setRules(sprite, allow('example.com'))).status, 204);
    assert.equal(await flows(cut), false);
    assert.equal(await flows(kept), true);
    for (const socket of [kept, cut]) socket.socket.close();
  });

  test('what runs in it can read its rules, but not change them', async () => {
    const rules = [allow('example.com'), deny('*')];
    assert.equal((await setRules(sprite, ...rules)).status, 204);
    const file = '/.sprite/policy/network.json';
    assert.deepEqual(JSON.parse((await sprite.run('cat', file)).stdout), { rules });
    const written = await sprite.run('sh', '-c', `echo {} > ${file} || rm -f ${file}`);
    assert.notEqual(written.exitCode, 0);
    assert.deepEqual((await sprite.api('/policy/network')).ok(), { rules });
  });

  test('it holds from the first program on: after a restart, and when it wakes', async () => {
    assert.equal((await setRules(sprite, allow('example.com'))).status, 204);
    assert.equal((await sprite.api('/restart', { method: 'POST' })).status, 200);
    assert.equal(await reached('203.0.113.20'), 'ECONNREFUSED');
    assert.equal(await reached('example.com'), 'reached');
  });

  test('it is set without waking it', async () => {
    const sleeper = await TestSprite.create(world, { config: { idle_warm: '100ms', idle_cold: '100ms' } });
    await eventually('cold', async () => (await sleeper.status()) === 'cold');
    assert.equal((await setRules(sleeper, allow('example.com'))).status, 204);
    assert.deepEqual((await sleeper.api('/policy/network')).ok(), { rules: [allow('example.com')] });
    assert.equal(await sleeper.status(), 'cold');
    assert.equal(await reached('203.0.113.20', sleeper), 'ECONNREFUSED');
    assert.equal(await reached('example.com', sleeper), 'reached');
    // Its address is another's next.
    assert.equal((await sleeper.api('', { method: 'DELETE' })).status, 204);
  });

  test('it holds over the death of the server, and what is allowed goes on', async () => {
    const rules = [allow('example.com'), allow('example.org')];
    assert.equal((await setRules(sprite, ...rules)).status, 204);
    assert.equal(await reached('example.com'), 'reached');
    await world.server.kill();
    await world.server.start();
    assert.deepEqual((await sprite.api('/policy/network')).ok(), { rules });
    assert.equal(await reached('192.0.2.10'), 'ECONNREFUSED');
    assert.equal(await reached('192.0.2.11'), 'reached');
    assert.equal(await reached('example.org'), 'reached');
    assert.equal((await setRules(sprite, allow('example.com'))).status, 204);
    assert.equal(await reached('203.0.113.20'), 'ECONNREFUSED');
    assert.equal(await reached('example.com'), 'reached');
  });
});

forEachRuntime('policies of a sprite', { runtimes: ['process'] }, world => {
  test('rules that are none are refused, and change nothing', async () => {
    const sprite = await TestSprite.create(world);
    const refusedBodies: unknown[] = [
      {},
      [],
      'rules',
      { rules: null },
      { rules: {} },
      { rules: [null] },
      { rules: [{}] },
      { rules: [], more: 1 },
      { rules: [allow('a.b'), { domain: 'a.b' }] },
      { rules: [{ domain: 'a.b', action: 'maybe' }] },
      { rules: [{ domain: 1, action: 'allow' }] },
      { rules: [{ include: 'everything' }] },
      { rules: [{ include: 'defaults', domain: 'a.b', action: 'allow' }] },
      { rules: [{ domain: 'a.b', action: 'allow', port: 443 }] },
      ...[
        '',
        '.',
        'a..b',
        '*a.b',
        'a.*.b',
        '**',
        'a b',
        '-a.b',
        'a.b.',
        '10.0.0.1',
        '::1',
        'http://a.b',
        'é.b',
      ].map(domain => ({ rules: [{ domain, action: 'allow' }] })),
      { rules: [allow(`${'a'.repeat(64)}.b`)] },
      { rules: [allow(`${'a.'.repeat(130)}b`)] },
      { rules: Array.from({ length: 1_025 }, () => allow('a.b')) },
    ];
    for (const body of refusedBodies) {
      const answer = await sprite.api('/policy/network', { method: 'POST', body: body as object });
      assertRefused(answer, 400, 'invalid request body');
    }
    assert.deepEqual((await sprite.api('/policy/network')).ok(), { rules: [] });
  });

  test('rules need a runtime that can put them in force; no rules do not', async () => {
    const sprite = await TestSprite.create(world);
    assertRefused(await setRules(sprite, allow('example.com')), 501, 'not supported');
    assertRefused(await setRules(sprite, { include: 'defaults' }), 501, 'not supported');
    assert.equal((await setRules(sprite)).status, 204);
    assert.equal((await sprite.api('/policy/network', { method: 'DELETE' })).status, 204);
    assert.deepEqual((await sprite.api('/policy/network')).ok(), { rules: [] });
  });

  test('they need a token, and a sprite of its account', async () => {
    const sprite = await TestSprite.create(world);
    const { token } = await world.account('stranger');
    for (const method of ['GET', 'POST', 'DELETE']) {
      const options = { method, ...(method === 'POST' && { body: { rules: [] } }) };
      assertRefused(await sprite.api('/policy/network', { ...options, token: null }), 401, 'unauthorized');
      assertRefused(await sprite.api('/policy/network', { ...options, token }), 404, 'sprite not found');
    }
  });
});
