import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, ConnectionError, connectionErrorOf } from './errors.ts';
import { EventParser, type ServerSentEvent } from './event-parser.ts';

export type { ServerSentEvent } from './event-parser.ts';

export interface ReconnectOptions {
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** How long the server may be away. */
  readonly giveUpAfterMs: number;
  /** Silence after which a connection counts as dead; above the keep-alive period of the server. */
  readonly longestSilenceMs: number;
}

const defaultReconnect: ReconnectOptions = {
  firstDelayMs: 200,
  longestDelayMs: 3000,
  giveUpAfterMs: 60_000,
  longestSilenceMs: 60_000,
};

export interface EventSourceOptions {
  /** @throws {ApiError | ConnectionError} */
  readonly open: (signal: AbortSignal, lastEventId: string | undefined) => Promise<Response>;
  /** Whether a stream that has ended is complete; otherwise it is opened again after the last event's id. */
  readonly finished: () => boolean | Promise<boolean>;
  readonly signal?: AbortSignal | undefined;
  readonly reconnect?: ReconnectOptions | undefined;
}

/**
 * Reads a stream to its end, across broken connections.
 * @throws {ApiError} when the server refuses the stream
 * @throws {ConnectionError} when the server stays away too long
 */
export async function* readEvents(
  options: EventSourceOptions,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const { finished, signal, reconnect = defaultReconnect } = options;
  let lastEventId: string | undefined;
  let failures = 0;
  let awaySince: number | undefined;

  while (!signal?.aborted) {
    let failure: unknown;
    try {
      for await (const event of connect(options, reconnect.longestSilenceMs, lastEventId)) {
        lastEventId = event.id;
        failures = 0;
        awaySince = undefined;
        yield event;
      }
      if (await finished()) return;
    } catch (error) {
      failure = error;
    }
    if (signal?.aborted) return;
    if (failure !== undefined && !isPassing(failure)) throw failure;

    awaySince ??= performance.now();
    if (performance.now() - awaySince > reconnect.giveUpAfterMs) {
      throw failure ?? new ConnectionError('event stream', 'ended again and again before its time');
    }
    const delayMs = Math.min(reconnect.longestDelayMs, reconnect.firstDelayMs * 2 ** failures);
    failures += 1;
    await sleep(delayMs, undefined, signal === undefined ? {} : { signal }).catch(() => {});
  }
}

async function* connect(
  { open, signal }: EventSourceOptions,
  longestSilenceMs: number,
  lastEventId: string | undefined,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new DOMException('silent', 'TimeoutError')), longestSilenceMs);
  try {
    const either = signal === undefined ? silence.signal : AbortSignal.any([silence.signal, signal]);
    const response = await open(either, lastEventId);
    if (response.body === null) return;
    const parser = new EventParser(lastEventId);
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
      timer.refresh();
      yield* parser.push(piece);
    }
  } catch (error) {
    throw error instanceof ApiError || error instanceof ConnectionError
      ? error
      : connectionErrorOf('event stream', error);
  } finally {
    clearTimeout(timer);
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof ConnectionError || (error instanceof ApiError && error.status >= 500);
}
