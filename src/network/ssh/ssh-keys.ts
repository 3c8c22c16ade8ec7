import { createPublicKey, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import ssh2 from 'ssh2';

/** A key of a machine or of somebody who logs in. */
export interface SshKeyPair {
  /** PEM, or OpenSSH's own format. */
  readonly privateKey: string;
  /** `type base64`, as in `known_hosts` and `authorized_keys`. */
  readonly publicKey: string;
}

export interface SshPublicKey {
  /** Such as `ssh-ed25519`. */
  readonly type: string;
  readonly blob: Buffer;
}

const maxLineBytes = 16 * 1024;
const leastRsaBits = 2048;
const loginKeyBits = 3072;
const userKeyTypes = /^(?:ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521))$/;

const makePair = promisify(generateKeyPair);

/** New keys of a machine, the one that clients are told first: ECDSA nistp256, then Ed25519. */
export async function newHostKeys(): Promise<SshKeyPair[]> {
  const { privateKey } = await makePair('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
  });
  const modern = ssh2.utils.generateKeyPairSync('ed25519');
  return [
    { privateKey, publicKey: publicKeyOf(privateKey) },
    { privateKey: modern.private, publicKey: publicKeyOf(modern.private) },
  ];
}

/** A new key to log in with: RSA of 3072 bits as PKCS#1 PEM, which every client can load. */
export async function newLoginKey(): Promise<SshKeyPair> {
  const { privateKey } = await makePair('rsa', {
    modulusLength: loginKeyBits,
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  return { privateKey, publicKey: publicKeyOf(privateKey) };
}

/**
 * Reads one line of `authorized_keys` without options: RSA of at least 2048 bits, ECDSA or Ed25519. Undefined for
 * anything else.
 */
export function parsePublicKey(line: string): SshPublicKey | undefined {
  if (Buffer.byteLength(line) > maxLineBytes || /[\r\n\0]/.test(line.trim())) return undefined;
  if (!userKeyTypes.test(line.trim().split(' ')[0] ?? '')) return undefined;
  const key = ssh2.utils.parseKey(line.trim());
  if (key instanceof Error || key.isPrivateKey()) return undefined;
  if (key.type === 'ssh-rsa' && bitsOf(key.getPublicPEM()) < leastRsaBits) return undefined;
  return { type: key.type, blob: key.getPublicSSH() };
}

/** The public part of a private key, as `type base64`. @throws {Error} when it is none */
export function publicKeyOf(privateKey: string): string {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return `${key.type} ${key.getPublicSSH().toString('base64')}`;
}

function bitsOf(pem: string): number {
  try {
    return createPublicKey(pem).asymmetricKeyDetails?.modulusLength ?? 0;
  } catch {
    return 0;
  }
}
