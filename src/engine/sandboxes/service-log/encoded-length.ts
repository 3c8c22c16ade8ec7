import { characterCut } from '../../../lib/utf8.ts';

/** Bytes of UTF-8 that JSON writes in two characters: `\b \t \n \f \r " \`. */
const short = new Set([0x08, 0x09, 0x0a, 0x0c, 0x0d, 0x22, 0x5c]);
const costs = Uint8Array.from({ length: 256 }, (_, byte) => (short.has(byte) ? 2 : byte < 0x20 ? 6 : 1));
const highestCost = 6;

/**
 * How much of `bytes` fits, at most, so that its text has `limit` bytes in JSON (in UTF-8, without quotes). No
 * character is torn.
 */
export function fittingLength(bytes: Buffer, limit: number): number {
  if (bytes.length * highestCost <= limit) return bytes.length;
  let encoded = 0;
  for (let at = 0; at < bytes.length; at++) {
    encoded += costs[bytes[at] ?? 0] ?? 1;
    if (encoded > limit) return characterCut(bytes, at);
  }
  return bytes.length;
}
