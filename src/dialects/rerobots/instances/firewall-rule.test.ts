import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkOf, parseFirewallRule } from './firewall-rule.ts';

test('networks are told with the bits behind their mask cleared', () => {
  const networks = {
    '203.0.113.7': '203.0.113.7/32',
    '10.1.2.3/8': '10.0.0.0/8',
    '255.255.255.255/1': '128.0.0.0/1',
    '1.2.3.4/0': '0.0.0.0/0',
    '2001:db8:1:2::3/33': '2001:db8::/33',
    '2001:0DB8::1': '2001:db8::1/128',
    '::ffff:1.2.3.4/96': '::ffff:0:0/96',
    '::/0': '::/0',
  };
  for (const [text, expected] of Object.entries(networks)) assert.equal(networkOf(text), expected, text);
  for (const text of [
    '',
    '300.1.1.1',
    '1.2.3.4/33',
    '1.2.3.4/',
    '1.2.3.4/8/8',
    '1.2.3.4/08',
    'host',
    'fe80::1%eth0',
  ])
    assert.equal(networkOf(text), undefined, text);
});

test('a rule without fields lets the requester in', () => {
  assert.deepEqual(parseFirewallRule({}, '192.0.2.9'), { source: '192.0.2.9/32', action: 'accept' });
  assert.deepEqual(parseFirewallRule({ src: '10.0.0.0/8', action: 'REJECT' }, ''), {
    source: '10.0.0.0/8',
    action: 'reject',
  });
  for (const [body, message] of [
    [{ src: 1 }, /`src` has wrong type/],
    [{ src: 'x' }, /must be an IPv4 address or subnet/],
    [{ action: 'accept' }, /`action` not recognized/],
    [{ action: 'constructor' }, /`action` not recognized/],
  ] as const)
    assert.throws(() => parseFirewallRule(body, '192.0.2.9'), message);
});
