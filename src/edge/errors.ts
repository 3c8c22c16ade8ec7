export interface EdgeError {
  readonly code: string;
  readonly status: number;
  /** `{id}`, `{state}` and `{detail}` are filled in. One line, no secrets. */
  readonly text: string;
  readonly retryAfterSeconds?: number;
}

/** What the edge itself answers when a request does not reach its workload or does not come back. */
export const edgeErrors = {
  malformed: { status: 400, code: 'BadRequest', text: 'The request cannot be passed on: {detail}.' },
  badRedirect: {
    status: 400,
    code: 'BadRequest',
    text: 'redirect must be a path that begins with a single "/".',
  },
  tokenMissing: {
    status: 403,
    code: 'Forbidden',
    text: 'Workload {id} is reached with a token only, and the request has none that it accepts.',
  },
  unknown: { status: 404, code: 'NotFound', text: 'There is no workload {id} here.' },
  headLate: { status: 408, code: 'BadRequest', text: 'The head of the request did not come in time.' },
  tokenDead: {
    status: 410,
    code: 'Gone',
    text: 'The token in the path is not, or no longer, valid for workload {id}.',
  },
  ended: {
    status: 410,
    code: 'BackendNotRunning',
    text: 'Workload {id} is not running any more; its state is {state}.',
  },
  headTooLarge: { status: 431, code: 'BadRequest', text: 'The head of the request is too large.' },
  lookUpFailed: { status: 500, code: 'InternalError', text: 'The server could not look up workload {id}.' },
  endedWhileHeld: {
    status: 502,
    code: 'BackendFailed',
    text: 'Workload {id} ended before it got ready; its state is {state}.',
  },
  unreachable: { status: 502, code: 'BadGateway', text: 'Workload {id} does not accept connections.' },
  closedEarly: {
    status: 502,
    code: 'BadGateway',
    text: 'Workload {id} closed the connection before it answered.',
  },
  badAnswer: {
    status: 502,
    code: 'BadGateway',
    text: 'The answer of workload {id} cannot be passed on: {detail}.',
  },
  handshakeLate: {
    status: 502,
    code: 'BadGateway',
    text: 'Workload {id} did not answer the upgrade in time.',
  },
  stopping: {
    status: 503,
    code: 'NoCapacity',
    text: 'The server is stopping; try again in a moment.',
    retryAfterSeconds: 5,
  },
  responseLate: {
    status: 504,
    code: 'GatewayTimeout',
    text: 'Workload {id} did not begin to answer in time.',
  },
  startLate: {
    status: 504,
    code: 'StartTimeout',
    text: 'Workload {id} did not get ready in time; its state is {state}.',
    retryAfterSeconds: 2,
  },
} as const satisfies Record<string, EdgeError>;

export type EdgeErrorName = keyof typeof edgeErrors;

export interface EdgeErrorDetails {
  readonly id?: string | undefined;
  readonly state?: string;
  readonly detail?: string;
}

export function errorText(error: EdgeError, details: EdgeErrorDetails): string {
  return error.text.replace(
    /\{(id|state|detail)\}/g,
    (_, key: keyof EdgeErrorDetails) => details[key] ?? 'unknown',
  );
}
