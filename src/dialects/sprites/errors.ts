import { FileError, type FileErrorCode, SandboxLimitError } from '../../engine/index.ts';
import type { ErrorTable, OwnError } from '../../http/index.ts';

/**
 * An expected failure in the words of this API: a short text that clients know, and a sentence for people.
 * @param status of HTTP
 */
export class SpritesError extends Error {
  readonly status: number;
  readonly error: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    error: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = 'SpritesError';
    this.status = status;
    this.error = error;
    this.headers = headers;
  }
}

const fileErrors: Readonly<Record<FileErrorCode, { status: number; code: string }>> = {
  ENOENT: { status: 404, code: 'not found' },
  EACCES: { status: 403, code: 'forbidden' },
  EPERM: { status: 403, code: 'forbidden' },
  EROFS: { status: 403, code: 'forbidden' },
  EEXIST: { status: 409, code: 'conflict' },
  ENOTEMPTY: { status: 409, code: 'conflict' },
  EINVAL: { status: 400, code: 'invalid request' },
  EISDIR: { status: 400, code: 'invalid request' },
  ENOTDIR: { status: 400, code: 'invalid request' },
  ELOOP: { status: 400, code: 'invalid request' },
  ENOSPC: { status: 500, code: 'no space left' },
  EIO: { status: 500, code: 'input/output error' },
};

const retryLater = { 'retry-after': '5' };

/** `{"error":"<short stable text>","message":"<sentence>"}`. */
export const spritesErrors: ErrorTable = {
  codes: {
    invalid: { status: 400, code: 'invalid request body' },
    unsupported: { status: 501, code: 'not supported' },
    unauthenticated: { status: 401, code: 'unauthorized' },
    forbidden: { status: 403, code: 'forbidden' },
    'account-disabled': { status: 401, code: 'unauthorized' },
    'not-found': { status: 404, code: 'not found' },
    'method-not-allowed': { status: 405, code: 'method not allowed' },
    'too-slow': { status: 408, code: 'request timeout', headers: { connection: 'close' } },
    'already-exists': { status: 409, code: 'already exists' },
    'lock-unheld': { status: 409, code: 'conflict' },
    'not-running': { status: 409, code: 'not running' },
    gone: { status: 410, code: 'gone' },
    'too-large': { status: 413, code: 'request too large' },
    'unsupported-media-type': { status: 415, code: 'unsupported media type' },
    'limit-reached': { status: 429, code: 'limit reached' },
    'rate-limited': { status: 429, code: 'too many requests' },
    internal: { status: 500, code: 'internal error' },
    'no-capacity': { status: 503, code: 'sprite did not wake', headers: retryLater },
    'lock-busy': { status: 503, code: 'busy', headers: retryLater },
    'timed-out': { status: 504, code: 'timeout' },
  },
  body: ({ code, message, detail }) => ({
    error: code,
    message,
    ...(typeof detail === 'object' && detail !== null && detail),
  }),
  own(error): OwnError | undefined {
    if (error instanceof SandboxLimitError) return limitReached(error);
    if (error instanceof FileError) {
      const { code, path, message } = error;
      return { ...fileErrors[code], message, detail: { code, path } };
    }
    if (!(error instanceof SpritesError)) return undefined;
    const { status, error: code, message, headers } = error;
    return { status, code, message, headers };
  },
};

/** Clients read when to try again from the body, or else from the headers. */
function limitReached({ message, facts }: SandboxLimitError): OwnError {
  const { limit, current, windowMs, retryAfterMs } = facts;
  const retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return {
    status: 429,
    code: windowMs === undefined ? 'concurrent_sprite_limit_exceeded' : 'sprite_creation_rate_limited',
    message,
    headers: {
      'retry-after': String(retryAfterSeconds),
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(Math.max(0, limit - current)),
      'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + retryAfterSeconds),
    },
    detail: {
      limit,
      ...(windowMs !== undefined && { window_seconds: windowMs / 1000 }),
      retry_after_seconds: retryAfterSeconds,
      current_count: current,
    },
  };
}

export function notFound(what: string, name: string): SpritesError {
  return new SpritesError(
    404,
    `${what} not found`,
    `there is no ${what} ${JSON.stringify(name.slice(0, 100))}`,
  );
}
