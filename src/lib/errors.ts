/**
 * The registry of what can go wrong for a caller. A dialect maps each code to its own code and HTTP status;
 * the text says exactly what was wrong (field, value, limit) and never holds a secret.
 */
export type ErrorCode =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'already-exists'
  | 'not-running'
  | 'lock-unheld'
  | 'lock-busy'
  | 'limit-reached'
  | 'no-capacity'
  | 'unsupported';

export class BerthError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BerthError';
    this.code = code;
  }
}
