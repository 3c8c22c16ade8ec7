import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachRuntime } from '../support/index.ts';
import { assertRefused, TestSprite } from './support.ts';

const refusedPrivileges: unknown[] = [
  [],
  'standard',
  { profile: 'root' },
  { profile: 'privileged' },
  { devices: 'null' },
  { devices: [1] },
  ...['', '/etc/passwd', '../sda', '/dev/../etc', '/dev/', 'a b', '/dev/.x'].map(device => ({
    devices: [device],
  })),
  { devices: ['fuse'] },
  { devices: Array.from({ length: 65 }, () => 'null') },
  { noNewPrivileges: 'yes' },
  { capabilities: [] },
];

const refusedResources: unknown[] = [
  [],
  { memory: 512 },
  { memory: { limit_mb: '512' } },
  { memory: { limit_mb: 0 } },
  { memory: { limit_mb: -1 } },
  { memory: { limit_mb: 1e300 } },
  { memory: { limit_mb: 512, swap: 1 } },
  { memory: { autoscale: 1 } },
  { cpu: {} },
];

forEachRuntime('what a sprite may do and use', {}, world => {
  test('is nothing special until it is set; what is wrong is refused and changes nothing', async () => {
    const sprite = await TestSprite.create(world);
    for (const [path, bodies] of [
      ['/policy/privileges', refusedPrivileges],
      ['/policy/resources', refusedResources],
    ] as const) {
      for (const body of bodies) {
        const answer = await sprite.api(path, { method: 'POST', body: body as object });
        assertRefused(answer, 400, 'invalid request body');
      }
      assert.equal((await sprite.api(path, { method: 'POST', body: {} })).status, 204);
      assert.equal((await sprite.api(path, { method: 'DELETE' })).status, 204);
      assert.deepEqual((await sprite.api(path)).ok(), {});
      assertRefused(await sprite.api(path, { token: null }), 401, 'unauthorized');
    }
  });

  if (world.runtime !== 'process') return;
  test('is not set where the runtime can not', async () => {
    const sprite = await TestSprite.create(world);
    for (const body of [{ profile: 'minimal' }, { devices: ['null'] }, { noNewPrivileges: true }]) {
      assertRefused(await sprite.api('/policy/privileges', { body }), 501, 'not supported');
    }
    for (const memory of [{ limit_mb: 512 }, { autoscale: true }]) {
      assertRefused(await sprite.api('/policy/resources', { body: { memory } }), 501, 'not supported');
    }
    assert.equal((await sprite.api('/policy/privileges', { body: { profile: '' } })).status, 204);
  });
});

const allowing = { runtimes: ['oci'] as const, settings: { 'sprites.allow_privileged': true } };

forEachRuntime('what a sprite may do and use', allowing, world => {
  const privileges = async (sprite: TestSprite, body: object): Promise<Record<string, string>> => {
    const answer = await sprite.api('/policy/privileges', { body });
    assert.equal(answer.status, 204, answer.text);
    assert.deepEqual((await sprite.api('/policy/privileges')).ok(), body);
    assert.equal((await sprite.api('/restart', { method: 'POST' })).status, 200);
    const { stdout } = await sprite.run('cat', '/proc/self/status');
    return Object.fromEntries(stdout.split('\n').map(line => line.split(/:\s+/)));
  };

  test('is in force from its next boot on', async () => {
    const sprite = await TestSprite.create(world);
    const standard = await privileges(sprite, { profile: 'standard', noNewPrivileges: false });
    assert.deepEqual([standard.NoNewPrivs, standard.Seccomp], ['0', '2']);
    assert.equal(standard.CapEff, '0000000000000000');
    assert.notEqual(standard.CapBnd, '0000000000000000');
    const minimal = await privileges(sprite, { profile: 'minimal', noNewPrivileges: false });
    assert.deepEqual([minimal.NoNewPrivs, minimal.CapBnd], ['0', '0000000000000000']);
    const all = await privileges(sprite, { profile: 'privileged', noNewPrivileges: false });
    assert.equal(all.Seccomp, '0');
    assert.ok(BigInt(`0x${all.CapBnd}`) > BigInt(`0x${standard.CapBnd}`));
    await sprite.api('/policy/privileges', { method: 'DELETE' });
    const usual = await privileges(sprite, {});
    assert.deepEqual([usual.NoNewPrivs, usual.CapBnd], ['1', '0000000000000000']);
  });

  test('may be to use a device of the machine', async () => {
    const sprite = await TestSprite.create(world);
    assert.equal((await sprite.run('head', '-c', '1', '/dev/kmsg')).exitCode, 1);
    await privileges(sprite, { devices: ['null', '/dev/kmsg'] });
    assert.equal((await sprite.run('test', '-c', '/dev/kmsg')).exitCode, 0);
    await sprite.api('/policy/privileges', { body: { devices: ['none/such'] } });
    const failed = await sprite.api('/restart', { method: 'POST' });
    assert.match(assertRefused(failed, 503, 'sprite did not wake'), /no device \/dev\/none\/such/);
    await sprite.api('/policy/privileges', { method: 'DELETE' });
    assert.equal((await sprite.run('test', '-e', '/dev/kmsg')).exitCode, 1);
  });

  test('is limited in memory at once, and at each boot', async () => {
    const sprite = await TestSprite.create(world);
    const hungry = ['node', '-e', 'Buffer.alloc(200 * 1024 * 1024, 1); console.log("fits")'];
    assert.equal((await sprite.run(...hungry)).stdout, 'fits\n');
    assert.equal(
      (await sprite.api('/policy/resources', { body: { memory: { limit_mb: 128 } } })).status,
      204,
    );
    assert.deepEqual((await sprite.api('/policy/resources')).ok(), { memory: { limit_mb: 128 } });
    assert.notEqual((await sprite.run(...hungry)).stdout, 'fits\n');
    await sprite.api('/restart', { method: 'POST' });
    assert.notEqual((await sprite.run(...hungry)).stdout, 'fits\n');
    assert.equal((await sprite.api('/policy/resources', { method: 'DELETE' })).status, 204);
    assert.equal((await sprite.run(...hungry)).stdout, 'fits\n');
    const growing = await sprite.api('/policy/resources', { body: { memory: { autoscale: true } } });
    assertRefused(growing, 501, 'not supported');
  });
});
