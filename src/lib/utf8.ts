import { isUtf8 } from 'node:buffer';

/** The bytes with every invalid sequence replaced by U+FFFD. */
export function validUtf8(bytes: Buffer): Buffer {
  return isUtf8(bytes) ? bytes : Buffer.from(bytes.toString('utf8'), 'utf8');
}

/**
 * The same for text that goes on: a character that is cut off at the end is left as it is, for the rest of
 * it to complete.
 */
export function validUtf8Start(bytes: Buffer): Buffer {
  if (isUtf8(bytes)) return bytes;
  const whole = bytes.length - cutOffLength(bytes);
  return Buffer.concat([validUtf8(bytes.subarray(0, whole)), bytes.subarray(whole)]);
}

/** Where to cut so that at most `limit` bytes stand before and no character is torn (where bytes are valid). */
export function characterCut(bytes: Buffer, limit: number): number {
  if (limit >= bytes.length) return bytes.length;
  let cut = limit;
  while (cut > limit - 4 && isContinuation(bytes[cut])) cut--;
  return isContinuation(bytes[cut]) || cut <= 0 ? limit : cut;
}

/** Length of the character that the end of `bytes` cuts off, 0..3. */
export function cutOffLength(bytes: Buffer): number {
  for (let length = 1; length <= 3 && length <= bytes.length; length++) {
    const byte = bytes[bytes.length - length] ?? 0;
    if (isContinuation(byte)) continue;
    return characterLength(byte) > length && isStart(bytes.subarray(-length)) ? length : 0;
  }
  return 0;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function characterLength(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 1;
}

/** Whether some bytes can follow that make it one character: the decoder then replaces it as one. */
function isStart(bytes: Buffer): boolean {
  return bytes.toString('utf8').length === 1;
}
