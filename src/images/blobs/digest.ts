import { createHash } from 'node:crypto';
import { ImageError } from '../errors.ts';

const supported = /^sha256:[0-9a-f]{64}$/;
/** As the OCI image specification has it, any algorithm. */
const wellFormed = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;

export function isDigest(text: string): boolean {
  return supported.test(text);
}

/** @throws {ImageError} `digest-invalid`, `digest-unsupported` */
export function checkDigest(text: string): string {
  if (supported.test(text)) return text;
  const shown = JSON.stringify(text.slice(0, 140));
  if (wellFormed.test(text) && !text.startsWith('sha256:')) {
    throw new ImageError('digest-unsupported', `digest ${shown}: only sha256 is supported`);
  }
  throw new ImageError('digest-invalid', `digest ${shown}: must be sha256: and 64 hex digits`);
}

export function digestOf(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** The part after the algorithm. */
export function hexOf(digest: string): string {
  return digest.slice('sha256:'.length);
}
