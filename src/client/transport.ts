import { connectionErrorOf, errorOf } from './errors.ts';
import { type ReconnectOptions, readEvents, type ServerSentEvent } from './events.ts';

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

interface SendOptions {
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
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

  post<Answer>(path: string, body: object): Promise<Answer> {
    return this.#json('POST', path, body);
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

  async #json<Answer>(method: string, path: string, body: object | undefined): Promise<Answer> {
    const signal = AbortSignal.timeout(answerTimeoutMs);
    const content =
      body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await this.#send(method, path, { signal, ...content });
    if (!response.ok) throw await errorOf(response);
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
        headers: { ...init.headers, ...this.#headers },
      });
    } catch (error) {
      if (init.signal.aborted && init.signal.reason?.name !== 'TimeoutError') throw init.signal.reason;
      throw connectionErrorOf(this.url, error);
    }
  }
}
