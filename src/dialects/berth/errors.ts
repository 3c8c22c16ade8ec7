import type { ErrorTable } from '../../http/index.ts';
import type { ErrorCode } from '../../lib/errors.ts';

const statuses: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  unsupported: 400,
  unauthenticated: 401,
  forbidden: 403,
  'account-disabled': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'already-exists': 409,
  'lock-unheld': 409,
  'not-running': 409,
  gone: 410,
  'too-large': 413,
  'unsupported-media-type': 415,
  'limit-reached': 429,
  'rate-limited': 429,
  internal: 500,
  'no-capacity': 503,
  'lock-busy': 503,
};

/** Berth's own API says the codes of the registry as they are, in the form its sister dialects use. */
export const berthErrors = Object.fromEntries(
  Object.entries(statuses).map(([code, status]) => [code, { status, code: pascalCase(code) }]),
) as ErrorTable;

function pascalCase(code: string): string {
  return code.replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase());
}
