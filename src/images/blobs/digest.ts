import { createHash, type Hash } from 'node:crypto';
import { ImageError } from '../errors.ts';

/** Those of the OCI image specification. */
export const digestAlgorithms = ['sha256', 'sha512'] as const;

export type DigestAlgorithm = (typeof digestAlgorithms)[number];

const supported = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
/** As the OCI image specification has it, any algorithm. */
const wellFormed = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;

export function isDigest(text: string): boolean {
  return supported.test(text);
}

/** @throws {ImageError} `digest-invalid`, `digest-unsupported` */
export function checkDigest(text: string): string {
  if (supported.test(text)) return text;
  const shown = JSON.stringify(text.slice(0, 140));
  if (digestAlgorithms.includes(algorithmOf(text)) || !wellFormed.test(text)) {
    throw new ImageError(
      'digest-invalid',
      `digest ${shown}: must be sha256: and 64 hex digits, or sha512: and 128`,
    );
  }
  throw new ImageError('digest-unsupported', `digest ${shown}: only sha256 and sha512 are supported`);
}

/** Of a digest that was checked. */
export function algorithmOf(digest: string): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(':')) as DigestAlgorithm;
}

export function digestOf(content: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): string {
  return endDigest(createHash(algorithm).update(content), algorithm);
}

/** The digest of what a hash has seen. */
export function endDigest(hash: Hash, algorithm: DigestAlgorithm): string {
  return `${algorithm}:${hash.digest('hex')}`;
}

/** The part after the algorithm. */
export function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1);
}
