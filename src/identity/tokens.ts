import { BerthError } from '../lib/errors.ts';
import { randomId, randomToken } from '../lib/ids.ts';
import type { Token } from '../store/store.ts';

/** Longer ones are not even looked up. */
export const maxTokenLength = 512;
const minFixedTokenLength = 8;
const publicPartLength = 16;

export interface CreatedToken {
  readonly token: Token;
  /** The whole text. It is not stored: this is the only time it can be read. */
  readonly secret: string;
}

/**
 * `<prefix><16 characters>.<43 characters>`.
 * @throws {BerthError} `invalid` when the prefix has other than up to 16 letters, digits, `_` and `-`
 */
export function newTokenText(prefix = ''): string {
  if (!/^[A-Za-z0-9_-]{0,16}$/.test(prefix)) {
    throw new BerthError(
      'invalid',
      'token prefix: must have at most 16 characters of A-Z, a-z, 0-9, _ and -',
    );
  }
  return `${prefix}${randomId(publicPartLength)}.${randomToken()}`;
}

/** The part before the first dot. */
export function publicPartOf(token: string): string {
  return token.split('.', 1).join();
}

/**
 * Checks a token that somebody made up. The text of the error does not hold it.
 * @throws {BerthError} `invalid`, with the rule that was broken
 */
export function checkFixedToken(token: string): void {
  const subject = "the administrator's token (BERTH_ADMIN_TOKEN)";
  if (token.length < minFixedTokenLength || token.length > maxTokenLength) {
    throw new BerthError(
      'invalid',
      `${subject}: must have ${minFixedTokenLength} to ${maxTokenLength} characters, has ${token.length}`,
    );
  }
  // What a header of HTTP can carry.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new BerthError('invalid', `${subject}: must be printable ASCII without whitespace`);
  }
  if (!token.includes('.')) {
    throw new BerthError('invalid', `${subject}: must contain a dot (<public>.<private>)`);
  }
}
