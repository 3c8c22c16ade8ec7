import { BerthError } from '../../lib/errors.ts';

const maxLockCodePoints = 128;

/**
 * @param field the name of the field in the caller's words, for the error
 * @throws {BerthError} `invalid` unless it is 1 to 128 code points without U+0000 and lone surrogates
 */
export function checkLockName(name: string, field: string): void {
  const length = Array.from(name).length;
  if (length < 1 || length > maxLockCodePoints) {
    throw new BerthError('invalid', `${field}: ${length} characters; must be 1 to ${maxLockCodePoints}`);
  }
  if (name.includes('\0') || !name.isWellFormed()) {
    throw new BerthError('invalid', `${field}: must not contain U+0000 or lone surrogates`);
  }
}
