import { BerthError } from '../lib/errors.ts';
import { maxEmailLength } from './limits.ts';

/** @throws {BerthError} `invalid`, with the rule that was broken */
export function checkEmail(email: string): void {
  if (email.length > maxEmailLength || !/^[^\s\p{Cc}@]+@[^\s\p{Cc}@]+$/u.test(email)) {
    throw new BerthError(
      'invalid',
      `email: must look like name@host, with at most ${maxEmailLength} characters`,
    );
  }
}
