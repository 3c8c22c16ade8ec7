import type { ErrorTable } from './errors.ts';

const retryLater = { 'retry-after': '5' };

/** Berth's wording of errors: the codes that Jamsocket published, so that one client can read both. */
export const errorTable: ErrorTable = {
  codes: {
    invalid: { status: 400, code: 'BadRequest' },
    unsupported: { status: 400, code: 'BadRequest' },
    unauthenticated: { status: 401, code: 'InvalidAuth' },
    forbidden: { status: 403, code: 'Forbidden' },
    'account-disabled': { status: 403, code: 'UserNotEnabled' },
    'not-found': { status: 404, code: 'NotFound' },
    'method-not-allowed': { status: 405, code: 'MethodNotAllowed' },
    'too-slow': { status: 408, code: 'RequestTimeout', headers: { connection: 'close' } },
    'already-exists': { status: 409, code: 'AlreadyExists' },
    'lock-unheld': { status: 409, code: 'KeyUnheld' },
    'not-running': { status: 409, code: 'BackendNotRunning' },
    gone: { status: 410, code: 'Gone' },
    'too-large': { status: 413, code: 'PayloadTooLarge' },
    'unsupported-media-type': { status: 415, code: 'UnsupportedMediaType' },
    'limit-reached': { status: 429, code: 'UsageLimit' },
    'rate-limited': { status: 429, code: 'RateLimited' },
    internal: { status: 500, code: 'InternalError' },
    'no-capacity': { status: 503, code: 'NoCapacity', headers: retryLater },
    'timed-out': { status: 504, code: 'StartTimeout' },
    'lock-busy': { status: 503, code: 'LockBusy', headers: retryLater },
  },
};
