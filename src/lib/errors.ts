/**
 * The registry of what can go wrong for a caller. A dialect maps each code to its own code and HTTP status;
 * the text says exactly what was wrong (field, value, limit) and never holds a secret.
 */
export type ErrorCode =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'account-disabled'
  | 'not-found'
  | 'method-not-allowed'
  | 'already-exists'
  | 'not-running'
  | 'gone'
  | 'lock-unheld'
  | 'lock-busy'
  | 'limit-reached'
  | 'rate-limited'
  | 'no-capacity'
  | 'timed-out'
  | 'too-large'
  | 'too-slow'
  | 'unsupported-media-type'
  | 'unsupported'
  | 'internal';

export class BerthError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BerthError';
    this.code = code;
  }
}
