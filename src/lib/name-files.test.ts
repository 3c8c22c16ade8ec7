import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostsAddresses, nameServers } from './name-files.ts';

test('names are looked up in a file of hosts', () => {
  const hosts =
    '127.0.0.1 localhost\n# 9.9.9.9 commented\n10.0.0.2\tdb DB.internal # a database\n::1 localhost\nbad x\n';
  assert.deepEqual(hostsAddresses(hosts, 'localhost'), ['127.0.0.1', '::1']);
  assert.deepEqual(hostsAddresses(hosts, 'Db.Internal.'), ['10.0.0.2']);
  assert.deepEqual(hostsAddresses(hosts, 'commented'), []);
  assert.deepEqual(hostsAddresses(hosts, 'x'), []);
  assert.deepEqual(hostsAddresses('', 'localhost'), []);
});

test('name servers are found in a file of the resolver', () => {
  assert.deepEqual(
    nameServers('search a\nnameserver 10.0.0.1\n nameserver ::1 x\n#nameserver 9.9.9.9\nnameserver x\n'),
    ['10.0.0.1', '::1'],
  );
});
