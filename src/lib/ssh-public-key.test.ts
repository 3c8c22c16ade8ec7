import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { isSshPublicKey } from './ssh-public-key.ts';

function line(type: string, ...fields: (string | Buffer)[]): string {
  const blob = [type, ...fields].flatMap(field => {
    const bytes = Buffer.from(field);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  });
  return `${type} ${Buffer.concat(blob).toString('base64')}`;
}

function part(key: KeyObject, name: 'x' | 'y' | 'n' | 'e'): Buffer {
  return Buffer.from(key.export({ format: 'jwk' })[name] ?? '', 'base64url');
}

function rsa(bits: number): string {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  return line('ssh-rsa', part(publicKey, 'e'), Buffer.concat([Buffer.of(0), part(publicKey, 'n')]));
}

function ecdsa(curve: string, named = curve): string {
  const names = { nistp256: 'P-256', nistp384: 'P-384', nistp521: 'P-521' } as const;
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: names[curve as keyof typeof names] });
  const point = Buffer.concat([Buffer.of(4), part(publicKey, 'x'), part(publicKey, 'y')]);
  return line(`ecdsa-sha2-${named}`, named, point);
}

const ed25519 = line('ssh-ed25519', part(generateKeyPairSync('ed25519').publicKey, 'x'));

test('keys of today are taken, with and without a comment', () => {
  for (const key of [
    ed25519,
    rsa(2048),
    ...['nistp256', 'nistp384', 'nistp521'].map(curve => ecdsa(curve)),
  ]) {
    assert.equal(isSshPublicKey(key), true, key);
    assert.equal(isSshPublicKey(`${key} ada@machine, her laptop`), true, key);
  }
});

test('everything else is none', () => {
  const [type = '', base64 = ''] = ed25519.split(' ');
  for (const text of [
    '',
    'ssh-ed25519',
    base64,
    `${type} !!!!`,
    `ssh-rsa ${base64}`,
    `${type} ${base64.slice(0, -8)}`,
    `${type} ${Buffer.concat([Buffer.from(base64, 'base64'), Buffer.of(1)]).toString('base64')}`,
    `${ed25519}\n${ed25519}`,
    `${ed25519} a\rb`,
    `command="sh" ${ed25519}`,
    rsa(1024),
    ecdsa('nistp256', 'nistp384'),
    line('ssh-dss', 'a', 'b', 'c', 'd'),
    line('ssh-ed25519', Buffer.alloc(31)),
    line('ssh-ed25519', Buffer.alloc(32), Buffer.alloc(1)),
    '-----BEGIN RSA PRIVATE KEY-----',
  ]) {
    assert.equal(isSshPublicKey(text), false, text);
  }
});
