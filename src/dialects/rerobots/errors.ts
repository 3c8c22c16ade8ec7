import type { ErrorTable, OwnError, ToldError } from '../../http/index.ts';

/** An expected failure in the words of this API, which clients compare. */
export class RerobotsError extends Error {
  /** Of HTTP. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The same text stands under `result_message`, too. */
  readonly isResult: boolean;

  constructor(
    status: number,
    message: string,
    options: { readonly headers?: Readonly<Record<string, string>>; readonly isResult?: boolean } = {},
  ) {
    super(message);
    this.name = 'RerobotsError';
    this.status = status;
    this.headers = options.headers ?? {};
    this.isResult = options.isResult ?? false;
  }
}

const fixedTexts: Readonly<Record<string, string>> = {
  internal: 'internal error',
  'too-large': 'request body too large',
  'unrecognized-command': 'unrecognized command',
  'wrong-token': 'wrong authorization token',
};

const wrongTokenWording = { status: 400, code: 'wrong-token' };
const unrecognized = { status: 400, code: 'unrecognized-command' };
const retryLater = { 'retry-after': '5' };

/** `{"error_message":"<text>"}`; some paths have the text under another key, too, where older clients look for it. */
export const rerobotsErrors: ErrorTable = {
  codes: {
    invalid: { status: 400, code: 'invalid' },
    unsupported: { status: 501, code: 'unsupported' },
    unauthenticated: wrongTokenWording,
    forbidden: { status: 403, code: 'forbidden' },
    'account-disabled': wrongTokenWording,
    'not-found': { status: 404, code: 'not-found' },
    'method-not-allowed': unrecognized,
    'too-slow': { status: 408, code: 'too-slow', headers: { connection: 'close' } },
    'already-exists': { status: 409, code: 'already-exists' },
    'lock-unheld': { status: 409, code: 'conflict' },
    'not-running': { status: 409, code: 'not-running' },
    gone: { status: 410, code: 'gone' },
    'too-large': { status: 413, code: 'too-large' },
    'unsupported-media-type': { status: 415, code: 'unsupported-media-type' },
    'limit-reached': { status: 400, code: 'limit-reached' },
    'rate-limited': { status: 403, code: 'rate-limited' },
    internal: { status: 500, code: 'internal' },
    'no-capacity': { status: 503, code: 'no-capacity', headers: retryLater },
    'lock-busy': { status: 503, code: 'busy', headers: retryLater },
    'timed-out': { status: 504, code: 'timed-out' },
  },
  body: ({ code, message, path = '', detail }: ToldError) => {
    const text = fixedTexts[code] ?? message;
    const isResult = detail === 'result' || /^\/terminate(\/|$)/.test(path);
    return {
      error_message: text,
      ...(/^\/(new|qlen)(\/|$)/.test(path) && { error: text }),
      ...(isResult && { result_message: text }),
    };
  },
  own(error): OwnError | undefined {
    if (!(error instanceof RerobotsError)) return undefined;
    const { status, message, headers, isResult } = error;
    return { status, code: 'own', message, headers, ...(isResult && { detail: 'result' }) };
  },
};

export function wrongToken(): RerobotsError {
  return new RerobotsError(400, 'wrong authorization token');
}

export function unrecognizedCommand(): RerobotsError {
  return new RerobotsError(400, 'unrecognized command');
}
