import { BerthError } from '../../lib/errors.ts';

/** Linux starts no program with a longer argument or variable (MAX_ARG_STRLEN less its NUL). */
export const maxStringBytes = 131_071;

const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Checks variables that a program is to be started with.
 * @param maxBytes for all together: UTF-8 bytes of `KEY=value` plus one each
 * @throws {BerthError} `invalid`, naming the variable and the rule
 */
export function checkEnvironment(env: Readonly<Record<string, string>>, maxBytes: number): void {
  let totalBytes = 0;
  for (const [name, value] of Object.entries(env)) {
    if (!namePattern.test(name)) {
      throw new BerthError(
        'invalid',
        `env: ${JSON.stringify(name)} is no variable name (${namePattern.source})`,
      );
    }
    if (typeof value !== 'string') throw new BerthError('invalid', `env.${name}: must be a string`);
    if (value.includes('\0')) throw new BerthError('invalid', `env.${name}: must not contain U+0000`);
    const bytes = Buffer.byteLength(name) + 1 + Buffer.byteLength(value);
    if (bytes > maxStringBytes) {
      throw new BerthError(
        'invalid',
        `env.${name}: ${bytes} bytes with its name; the limit is ${maxStringBytes}`,
      );
    }
    totalBytes += bytes + 1;
  }
  if (totalBytes > maxBytes) {
    throw new BerthError('invalid', `env: ${totalBytes} bytes in total; the limit is ${maxBytes}`);
  }
}
