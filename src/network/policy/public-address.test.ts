import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPublicAddress } from './public-address.ts';

test('addresses of private networks, of the machine itself and of clouds are not public', () => {
  const addresses = [
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.19.0.1',
    '224.0.0.1',
    '255.255.255.255',
  ];
  for (const address of addresses) assert.equal(isPublicAddress(address), false, address);
  for (const address of ['1.1.1.1', '100.63.0.1', '100.128.0.1', '172.32.0.1', '198.20.0.1', '223.1.1.1']) {
    assert.equal(isPublicAddress(address), true, address);
  }
});

test('what is no address is not public', () => {
  for (const text of ['', '1.1.1', '1.1.1.256', '8.8.8.8/8', '::1', '2606:4700::1111', 'example.com']) {
    assert.equal(isPublicAddress(text), false, text);
  }
});
