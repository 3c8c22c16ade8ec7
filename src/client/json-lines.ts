import { ApiError, ConnectionError, connectionErrorOf } from './errors.ts';

/** Above what the server may need to find another registry out of reach. */
const longestSilenceMs = 180_000;

interface Refusal {
  readonly error?:
    | {
        readonly message: string;
        readonly status: number;
        readonly code: string;
        readonly id: string;
      }
    /** In events of other APIs, which are no refusals. */
    | string;
}

/**
 * JSON documents of a stream, one a line; the server tells a failure on the way in the last one.
 * @param open is given the signal of the stream
 * @param silenceMs how long nothing may come
 * @throws {ApiError | ConnectionError}
 */
export async function* readJsonLines<Line extends object>(
  open: (signal: AbortSignal) => Promise<Response>,
  signal?: AbortSignal,
  silenceMs = longestSilenceMs,
): AsyncGenerator<Line, void, undefined> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new DOMException('silent', 'TimeoutError')), silenceMs);
  try {
    const response = await open(
      signal === undefined ? silence.signal : AbortSignal.any([silence.signal, signal]),
    );
    let rest = '';
    for await (const piece of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      timer.refresh();
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield documentOf<Line>(line);
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const isKnown = error instanceof ApiError || error instanceof ConnectionError;
    throw isKnown ? error : connectionErrorOf('stream', error);
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

function documentOf<Line extends object>(line: string): Line {
  const document = JSON.parse(line) as Line & Refusal;
  if (typeof document.error !== 'object') return document;
  throw new ApiError({ ...document.error, requestId: document.error.id });
}
