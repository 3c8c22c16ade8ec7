import { ImageError } from '../../images/index.ts';

export interface ByteRange {
  readonly start: number;
  /** The last byte, too. */
  readonly end: number;
}

/**
 * The one range of a `Range` header (RFC 9110, 14.1.2).
 * @returns undefined when everything is to be sent: no range, several, or one that is not understood
 * @throws {ImageError} `range-invalid` when nothing of it is there
 */
export function requestedRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (start > end) throw new ImageError('range-invalid', `the blob has ${sizeBytes} bytes`);
  return { start, end };
}

/**
 * The place of a chunk of an upload: `0-99`, and in the form of RFC 9110 too.
 * @throws {ImageError} `range-invalid`
 */
export function chunkRange(header: string | undefined): { at?: number; length?: number } {
  if (header === undefined) return {};
  const [, first, last] = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim()) ?? [];
  const at = Number(first);
  const length = Number(last) - at + 1;
  if (first === undefined || last === undefined || length < 1) {
    throw new ImageError('range-invalid', 'content-range must be FIRST-LAST, positions of bytes');
  }
  return { at, length };
}
