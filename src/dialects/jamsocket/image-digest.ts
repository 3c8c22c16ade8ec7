import type { StatusEntry } from '../../engine/index.ts';

/** Of the image that a backend runs; `-` before it is known, and where there is none. */
export function imageDigest(history: readonly StatusEntry[]): string {
  return history.find(entry => entry.imageDigest !== undefined)?.imageDigest ?? '-';
}
