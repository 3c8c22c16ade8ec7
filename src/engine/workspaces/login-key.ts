import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);
const bits = 3_072;

/** A new RSA key as PEM of PKCS#1, which is what the published clients load. Takes a good part of a second of CPU. */
export async function newLoginKey(): Promise<string> {
  const { privateKey } = await generate('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  return privateKey;
}
