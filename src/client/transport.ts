import { connectionErrorOf, errorOf } from './errors.ts';
import { type ReconnectOptions, readEvents, type ServerSentEvent } from './events.ts';

export interface TransportOptions {
  readonly url: string;
  readonly token?: string | undefined;
  readonly fetch?: typeof globalThis.fetch;
}

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long the answer may take. */
  readonly timeoutMs?: number;
}

export interface StreamOptions {
  readonly signal?: AbortSignal | undefined;
  /** Asked when a stream came to its end: false reconnects, since the server may just have restarted. */
  readonly finished: () => boolean | Promise<boolean>;
  readonly reconnect?: ReconnectOptions;
}

/** A spawn may wait for the end of another backend, so this is well above the server's own limits. */
const answerTimeoutMs = 90_000;

/** Requests to one server with one token. */
export class Transport {
  readonly url: string;
  readonly #token: string | undefined;
  readonly #fetch: typeof globalThis.fetch;

  constructor({ url, token, fetch = globalThis.fetch }: TransportOptions) {
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
    this.#fetch = fetch;
  }

  get<Answer>(path: string, options?: RequestOptions): Promise<Answer> {
    return this.#json('GET', path, undefined, options);
  }

  post<Answer>(path: string, body: object, options?: RequestOptions): Promise<Answer> {
    return this.#json('POST', path, body, options);
  }

  delete<Answer>(path: string, options?: RequestOptions): Promise<Answer> {
    return this.#json('DELETE', path, undefined, options);
  }

  /** The events of a stream, also across restarts of the server. */
  stream(path: string, options: StreamOptions): AsyncGenerator<ServerSentEvent, void, undefined> {
    const open = async (signal: AbortSignal, lastEventId: string | undefined): Promise<Response> => {
      const headers: Record<string, string> = { accept: 'text/event-stream' };
      if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
      const response = await this.#send('GET', path, { headers, signal });
      if (!response.ok) throw await errorOf(response);
      return response;
    };
    return readEvents({ ...options, open });
  }

  async #json<Answer>(method: string, path: string, body: object | undefined, options: RequestOptions = {}) {
    const limit = AbortSignal.timeout(options.timeoutMs ?? answerTimeoutMs);
    const signal = options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]);
    const init: RequestInit = { signal };
    if (body !== undefined) {
      init.headers = { 'content-type': 'application/json' };
      init.body = JSON.stringify(body);
    }
    const response = await this.#send(method, path, init);
    if (!response.ok) throw await errorOf(response);
    try {
      return (await response.json()) as Answer;
    } catch (error) {
      throw connectionErrorOf(this.url, error);
    }
  }

  async #send(method: string, path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#token !== undefined) headers.set('authorization', `Bearer ${this.#token}`);
    try {
      return await this.#fetch(this.url + path, { ...init, method, headers });
    } catch (error) {
      if (init.signal?.aborted && init.signal.reason?.name !== 'TimeoutError') throw init.signal.reason;
      throw connectionErrorOf(this.url, error);
    }
  }
}
