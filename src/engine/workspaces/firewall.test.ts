import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError } from '../../lib/errors.ts';
import type { FirewallRule } from '../../store/store.ts';
import { Firewall } from './firewall.ts';

function make() {
  const rows = new Map<string, FirewallRule[]>();
  const changed: string[] = [];
  const store = {
    firewallRules: async (id: string) => rows.get(id) ?? [],
    addFirewallRule: async (id: string, rule: FirewallRule, most: number) => {
      const before = rows.get(id) ?? [];
      if (before.length >= most) return false;
      rows.set(id, [...before, rule]);
      return true;
    },
    clearFirewallRules: async (id: string) => void rows.delete(id),
  };
  return { firewall: new Firewall(store, id => changed.push(id)), changed };
}

test('the first rule that fits decides, and nobody comes in where none does', async () => {
  const { firewall, changed } = make();
  assert.equal(firewall.judge('a', '10.1.1.1'), 'drop');
  await firewall.add('a', { source: '10.0.0.0/8', action: 'reject' });
  await firewall.add('a', { source: '0.0.0.0/0', action: 'accept' });
  await firewall.add('a', { source: '192.0.2.1/32', action: 'drop' });
  const verdicts = ['10.1.1.1', '192.0.2.1', '11.0.0.1', '2001:db8::1'].map(address =>
    firewall.judge('a', address),
  );
  assert.deepEqual(verdicts, ['reject', 'accept', 'accept', 'drop']);
  await firewall.add('a', { source: '2001:db8::/32', action: 'accept' });
  assert.equal(firewall.judge('a', '2001:db8::1'), 'accept');
  assert.equal(firewall.judge('b', '11.0.0.1'), 'drop');
  await firewall.clear('a');
  assert.equal(firewall.judge('a', '11.0.0.1'), 'drop');
  assert.deepEqual(changed, ['a', 'a', 'a', 'a', 'a']);
});

test('a workspace has no more than 256 rules', async () => {
  const { firewall } = make();
  const rule = { source: '10.0.0.0/8', action: 'accept' } as const;
  for (let n = 0; n < 256; n++) await firewall.add('a', rule);
  const isRefusal = (error: unknown): boolean =>
    error instanceof BerthError && error.code === 'limit-reached' && error.message === 'too many rules';
  await assert.rejects(firewall.add('a', rule), isRefusal);
  assert.equal((await firewall.rules('a')).length, 256);
});
