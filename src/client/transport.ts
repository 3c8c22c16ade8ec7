import { connectionErrorOf, errorOf } from './errors.ts';
import { type ReconnectOptions, readEvents, type ServerSentEvent } from './events.ts';
import { readJsonLines } from './json-lines.ts';
import type { WebSocketConnection } from './web-socket/connection.ts';
import { openWebSocket } from './web-socket/open.ts';

export interface TransportOptions {
  readonly url: string;
  readonly token?: string | undefined;
  /** The account that an administrator's token acts on; of no effect with other tokens. */
  readonly actAs?: string | undefined;
}

export interface StreamOptions {
  readonly signal?: AbortSignal | undefined;
  /** Asked when a stream came to its end: false reconnects, since the server may just have restarted. */
  readonly finished: () => boolean | Promise<boolean>;
  readonly reconnect?: ReconnectOptions;
}

export interface LinesOptions {
  readonly body?: object | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long nothing may come. */
  readonly silenceMs?: number;
}

interface SendOptions {
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | ReadableStream;
}

export interface RawOptions {
  readonly timeoutMs: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | ReadableStream;
  /** Refusals that the caller reads by itself, by their status. */
  readonly allow?: readonly number[];
}

/** A spawn may wait for the end of another backend, so this is well above the server's own limits. */
const answerTimeoutMs = 90_000;

/** Requests to one server with one token. */
export class Transport {
  readonly url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ url, token, actAs }: TransportOptions) {
    this.url = url.replace(/\/+$/, '');
    this.#headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(actAs === undefined ? {} : { 'x-jamsocket-admin-as-account': actAs }),
    };
  }

  get<Answer>(path: string): Promise<Answer> {
    return this.#json('GET', path, undefined);
  }

  /** @param timeoutMs for what may take longer than all else */
  post<Answer>(
    path: string,
    body: object,
    headers: Readonly<Record<string, string>> = {},
    timeoutMs = answerTimeoutMs,
  ): Promise<Answer> {
    return this.#json('POST', path, body, headers, timeoutMs);
  }

  put<Answer>(path: string, body: object): Promise<Answer> {
    return this.#json('PUT', path, body);
  }

  patch<Answer>(path: string, body: object): Promise<Answer> {
    return this.#json('PATCH', path, body);
  }

  delete<Answer>(path: string): Promise<Answer> {
    return this.#json('DELETE', path, undefined);
  }

  /** The events of a stream, also across restarts of the server. */
  stream(path: string, options: StreamOptions): AsyncGenerator<ServerSentEvent, void, undefined> {
    const open = async (signal: AbortSignal, lastEventId: string | undefined): Promise<Response> => {
      const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
      const response = await this.#send('GET', path, {
        headers: { accept: 'text/event-stream', ...resume },
        signal,
      });
      if (!response.ok) throw await errorOf(response);
      return response;
    };
    return readEvents({ ...options, open });
  }

  /** Documents that the answer has one a line, as they come. */
  postLines<Line extends object>(
    path: string,
    body: object,
    signal?: AbortSignal,
  ): AsyncGenerator<Line, void, undefined> {
    return this.lines('POST', path, { body, signal });
  }

  /** The same, with any method. */
  lines<Line extends object>(
    method: string,
    path: string,
    { body, signal, silenceMs }: LinesOptions = {},
  ): AsyncGenerator<Line, void, undefined> {
    const open = async (either: AbortSignal): Promise<Response> => {
      const response = await this.#send(method, path, {
        signal: either,
        ...(body !== undefined && {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      });
      if (!response.ok) throw await errorOf(response);
      return response;
    };
    return readJsonLines(open, signal, silenceMs);
  }

  /** @throws {ApiError | ConnectionError} */
  webSocket(path: string): Promise<WebSocketConnection> {
    return openWebSocket(this.url + path, { headers: this.#headers, timeoutMs: answerTimeoutMs });
  }

  /** For what is not JSON. @throws {ApiError} for refusals that are not allowed for */
  async raw(method: string, path: string, { timeoutMs, allow = [], ...init }: RawOptions): Promise<Response> {
    const response = await this.#send(method, path, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok && !allow.includes(response.status)) throw await errorOf(response);
    return response;
  }

  async #json<Answer>(
    method: string,
    path: string,
    body: object | undefined,
    headers: Readonly<Record<string, string>> = {},
    timeoutMs = answerTimeoutMs,
  ): Promise<Answer> {
    const signal = AbortSignal.timeout(timeoutMs);
    const content =
      body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
    const response = await this.#send(method, path, { signal, ...content });
    if (!response.ok) throw await errorOf(response);
    if (response.status === 204) return undefined as Answer;
    try {
      return (await response.json()) as Answer;
    } catch (error) {
      throw connectionErrorOf(this.url, error);
    }
  }

  async #send(method: string, path: string, init: SendOptions): Promise<Response> {
    try {
      return await fetch(this.url + path, {
        ...init,
        method,
        // What is sent as it comes is not sent again.
        ...(init.body instanceof ReadableStream && { duplex: 'half' }),
        headers: { ...init.headers, ...this.#headers },
      });
    } catch (error) {
      if (init.signal.aborted && init.signal.reason?.name !== 'TimeoutError') throw init.signal.reason;
      throw connectionErrorOf(this.url, error);
    }
  }
}
