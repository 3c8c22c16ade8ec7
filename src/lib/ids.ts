import { hash, randomBytes, randomInt } from 'node:crypto';

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** `length` characters of `[a-z0-9]` from a cryptographic source; a DNS label. */
export function randomId(length = 16): string {
  let id = '';
  while (id.length < length) id += alphabet[randomInt(alphabet.length)];
  return id;
}

/** 32 random bytes as base64url: 43 characters. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

/** SHA-256 as hex: the form in which tokens are stored and looked up. */
export function hashToken(token: string): string {
  return hash('sha256', token, 'hex');
}
