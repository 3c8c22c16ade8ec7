import { BerthError } from '../lib/errors.ts';

/** That of a DNS label. */
export const maxAccountNameLength = 63;

/** Parts of lower-case letters and digits with one `.`, one or two `_`, or any number of `-` between them. */
const pattern = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;

/** They follow `/v2/` in API paths, where a registry has an account. */
const reserved: ReadonlySet<string> = new Set(['account', 'service', 'service-env', 'backend']);

/** @throws {BerthError} `invalid`, with the rule that was broken */
export function checkAccountName(name: string): void {
  if (name.length === 0 || name.length > maxAccountNameLength) {
    throw new BerthError('invalid', `account name: must have 1 to ${maxAccountNameLength} characters`);
  }
  if (!pattern.test(name)) {
    throw new BerthError(
      'invalid',
      "account name: must consist of a-z and 0-9, with single '.', '_' or '__', or any '-' between them",
    );
  }
  if (reserved.has(name)) throw new BerthError('invalid', `account name: '${name}' is reserved`);
}
