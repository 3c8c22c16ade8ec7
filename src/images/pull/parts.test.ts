import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AddressGuard, isLoopback } from './address-guard.ts';
import { parseChallenges } from './challenge.ts';
import { nameOfRemote, parseRemoteReference } from './reference.ts';

const digest = `sha256:${'0'.repeat(64)}`;

describe('the name of an image', () => {
  for (const [text, whole, host] of [
    ['alpine', 'docker.io/library/alpine:latest', 'registry-1.docker.io'],
    ['alpine:3', 'docker.io/library/alpine:3', 'registry-1.docker.io'],
    ['team/app', 'docker.io/team/app:latest', 'registry-1.docker.io'],
    ['docker.io/alpine', 'docker.io/library/alpine:latest', 'registry-1.docker.io'],
    ['index.docker.io/library/alpine', 'docker.io/library/alpine:latest', 'registry-1.docker.io'],
    ['ghcr.io/a/b/c:v1.2', 'ghcr.io/a/b/c:v1.2', 'ghcr.io'],
    ['localhost/app', 'localhost/app:latest', 'localhost'],
    ['localhost:5000/app', 'localhost:5000/app:latest', 'localhost:5000'],
    ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000'],
    ['10.0.0.1/app', '10.0.0.1/app:latest', '10.0.0.1'],
    [`a/b@${digest}`, `docker.io/a/b@${digest}`, 'registry-1.docker.io'],
    [`a/b:1@${digest}`, `docker.io/a/b:1@${digest}`, 'registry-1.docker.io'],
  ] as const) {
    test(`${text} is ${whole}`, () => {
      const reference = parseRemoteReference(text);
      assert.deepEqual([nameOfRemote(reference), reference.host], [whole, host]);
    });
  }

  for (const text of [
    '',
    ':',
    'A',
    'a b',
    'a//b',
    '/a',
    'a/',
    'a:',
    'a:b:c',
    'a@sha256:1',
    `a@${digest}@${digest}`,
    '../a',
    'a/../b',
    'http://a/b',
    'host.io/',
    'a?b',
    'user@host.io/a',
    'x'.repeat(2_000),
    'a#b',
    'a.b/c\n',
  ]) {
    test(`${JSON.stringify(text.slice(0, 30))} is none`, () => {
      assert.throws(() => parseRemoteReference(text), { code: 'reference-invalid' });
    });
  }
});

describe('where a registry may be', () => {
  const refuses = (address: string, mayBePrivate: boolean, host = 'r.example') => {
    try {
      new AddressGuard({ mayBePrivate, registry: 'r.example' }).check(host, address);
      return false;
    } catch {
      return true;
    }
  };

  test('anywhere on the internet', () => {
    for (const address of ['1.1.1.1', '172.32.0.1', '2606:4700::1111'])
      assert.equal(refuses(address, false), false);
  });

  test('at a private address for who may', () => {
    for (const address of [
      '127.0.0.1',
      '10.1.2.3',
      '172.16.0.1',
      '192.168.1.1',
      '100.64.0.1',
      '::1',
      'fd00::1',
      '::ffff:10.0.0.1',
    ]) {
      assert.deepEqual([refuses(address, false), refuses(address, true)], [true, false], address);
    }
  });

  test('never where machines keep their secrets, or nothing is', () => {
    for (const address of [
      '169.254.169.254',
      '0.0.0.0',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      'fe80::1',
      'ff02::1',
      '64:ff9b::a00:1',
      '2002:a00:1::',
      '::ffff:169.254.169.254',
    ]) {
      assert.equal(refuses(address, true), true, address);
    }
  });

  test('a registry of the internet leads to no private address; a private one may', () => {
    const guard = new AddressGuard({ mayBePrivate: true, registry: 'r.example' });
    guard.check('r.example', '1.1.1.1');
    assert.throws(() => guard.check('inside.example', '10.0.0.1'), { code: 'address-refused' });
    guard.check('r.example', '10.0.0.2');
    guard.check('inside.example', '10.0.0.1');
  });

  test('the machine itself is known by its names', () => {
    assert.ok(['localhost', 'x.localhost', '127.0.0.1', '127.1.2.3', '::1'].every(isLoopback));
    assert.ok(!['localhost.example', '128.0.0.1', '127.evil.example', '10.0.0.1'].some(isLoopback));
  });
});

test('challenges are taken apart, whatever they are made of', () => {
  const [bearer, basic, ...more] = parseChallenges(
    'Bearer realm="https://a.example/token?x=1,2" , service = registry,scope="a \\"b\\"", Basic realm="x"',
  );
  assert.deepEqual(
    [bearer?.scheme, Object.fromEntries(bearer?.parameters ?? []), basic?.scheme, more],
    ['bearer', { realm: 'https://a.example/token?x=1,2', service: 'registry', scope: 'a "b"' }, 'basic', []],
  );
  for (const text of ['', '=', '"', 'Bearer', ',,,', 'Basic realm="unended']) parseChallenges(text);
});
