/** The server said no. */
export class ApiError extends Error {
  /** Such as `NotFound`; stable, unlike the message. */
  readonly code: string;
  /** HTTP status. */
  readonly status: number;
  /** The id under which the server's log has more. */
  readonly requestId: string | undefined;

  constructor(answer: { code: string; status: number; message: string; requestId: string | undefined }) {
    super(answer.message);
    this.name = 'ApiError';
    this.code = answer.code;
    this.status = answer.status;
    this.requestId = answer.requestId;
  }
}

/** The server can't be reached, or did not answer in time. */
export class ConnectionError extends Error {
  readonly url: string;

  constructor(url: string, reason: string, options?: ErrorOptions) {
    super(`${url}: ${reason}`, options);
    this.name = 'ConnectionError';
    this.url = url;
  }
}

/** The error that an answer with a status of 400 or more carries, whoever wrote its body. */
export async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  const requestId = response.headers.get('x-request-id') ?? undefined;
  const parsed = parse(text);
  const body = bodyOf(parsed);
  return new ApiError({
    code: typeof body?.code === 'string' ? body.code : `Http${response.status}`,
    message: typeof body?.message === 'string' ? body.message : `HTTP status ${response.status}`,
    status: response.status,
    requestId: typeof body?.id === 'string' ? body.id : requestId,
  });
}

/** Why `fetch` failed; its own message says no more than that it did. */
export function connectionErrorOf(url: string, error: unknown): ConnectionError {
  const { name, message, cause } = error as Error;
  if (name === 'TimeoutError') return new ConnectionError(url, 'no answer in time', { cause: error });
  const code = ((cause ?? error) as NodeJS.ErrnoException | undefined)?.code;
  const reason = code ?? (cause as Error | undefined)?.message ?? message;
  return new ConnectionError(url, reason, { cause: error });
}

interface ToldError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly id?: unknown;
}

interface ErrorBody {
  readonly error?: ToldError | string;
  readonly errors?: readonly ToldError[];
  readonly message?: unknown;
}

function bodyOf(parsed: ErrorBody | undefined): ToldError | undefined {
  // Sprites' API has a short text and a sentence, a registry a list.
  if (typeof parsed?.error === 'string') return { code: parsed.error, message: parsed.message };
  return parsed?.error ?? parsed?.errors?.[0];
}

function parse(text: string): ErrorBody | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
