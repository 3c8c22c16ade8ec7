import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SdkUser } from './user.ts';

export function policyCases(user: SdkUser): void {
  test('the network policy is set, read and lifted', async () => {
    const sprite = await user.sprite();
    assert.deepEqual(await sprite.getNetworkPolicy(), { rules: [] });
    const policy = { rules: [{ domain: 'example.com', action: 'allow' }, { include: 'defaults' }] };
    if (!user.isIsolated) {
      await assert.rejects(sprite.updateNetworkPolicy(policy), /status 501\): .*not supported.*process/);
    } else {
      await sprite.updateNetworkPolicy(policy);
      assert.deepEqual(await sprite.getNetworkPolicy(), policy);
    }
    await sprite.updateNetworkPolicy({ rules: [] });
    assert.deepEqual(await sprite.getNetworkPolicy(), { rules: [] });
    const wrong = { rules: [{ domain: 'example.com', action: 'maybe' }] };
    await assert.rejects(sprite.updateNetworkPolicy(wrong), /Invalid policy: .*rules/);
  });

  test('what a sprite may do and use is set, read and lifted', async () => {
    const sprite = await user.sprite();
    assert.deepEqual(await sprite.getPrivilegesPolicy(), {});
    const privileges = { profile: 'minimal', devices: [], noNewPrivileges: true };
    const memory = { limitMB: 512, autoscale: false };
    if (!user.isIsolated) {
      await assert.rejects(sprite.updatePrivilegesPolicy(privileges), /status 501/);
      await assert.rejects(sprite.updateResourcesPolicy({ memory }), /status 501/);
    } else {
      await sprite.updatePrivilegesPolicy(privileges);
      assert.deepEqual(await sprite.getPrivilegesPolicy(), privileges);
      await sprite.updateResourcesPolicy({ memory });
      assert.deepEqual(await sprite.getResourcesPolicy(), { memory });
    }
    await sprite.deletePrivilegesPolicy();
    await sprite.deleteResourcesPolicy();
    assert.deepEqual(await sprite.getPrivilegesPolicy(), {});
    assert.deepEqual(await sprite.getResourcesPolicy(), { memory: undefined });
    await assert.rejects(sprite.updatePrivilegesPolicy({ profile: 'mighty' }), /status 400/);
  });
}
