import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addressAt,
  candidates,
  formatSubnet,
  overlaps,
  parseBlock,
  parseSubnet,
  slotCount,
} from './subnet.ts';

test('a subnet is a whole block of /8 to /28', () => {
  assert.equal(formatSubnet(parseSubnet('10.200.0.0/16')), '10.200.0.0/16');
  assert.equal(formatSubnet(parseSubnet('192.168.7.16/28')), '192.168.7.16/28');
  for (const text of [
    '10.0.0.0',
    '10.0.0.0/7',
    '10.0.0.0/29',
    '10.0.0.1/16',
    '10.0.0/16',
    '::/16',
    '300.0.0.0/8',
  ]) {
    assert.throws(() => parseSubnet(text), text);
  }
});

test('addresses count up from the block', () => {
  const subnet = parseSubnet('10.200.0.0/16');
  assert.equal(addressAt(subnet, 1), '10.200.0.1');
  assert.equal(addressAt(subnet, 256), '10.200.1.0');
  assert.equal(slotCount(parseSubnet('10.0.0.0/28')), 13);
});

test('blocks overlap when one holds an address of the other', () => {
  const block = (text: string) => parseBlock(text) ?? assert.fail(text);
  assert.equal(overlaps(block('10.1.0.0/16'), block('10.1.255.255')), true);
  assert.equal(overlaps(block('10.1.0.0/16'), block('10.0.0.0/8')), true);
  assert.equal(overlaps(block('10.1.0.0/16'), block('10.2.0.0/16')), false);
  assert.equal(overlaps(block('10.1.2.3/24'), block('10.1.2.200')), true);
});

test('what is no IPv4 block is none', () => {
  for (const text of ['default', 'fd00::1/64', '0.0.0.0/0', ''])
    assert.equal(parseBlock(text), undefined, text);
});

test('each data directory tries every block once, from one of its own on', () => {
  const first = candidates('one').map(formatSubnet);
  assert.equal(new Set(first).size, 96);
  assert.deepEqual(first, candidates('one').map(formatSubnet));
  assert.notEqual(first[0], candidates('two').map(formatSubnet)[0]);
});
