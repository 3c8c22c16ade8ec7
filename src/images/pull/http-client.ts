import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { AddressGuard } from './address-guard.ts';
import { pullLimits } from './limits.ts';
import { PullError } from './pull-error.ts';

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** GET requests to a registry and to where it sends us, each checked for where it goes; follows nothing by itself. */
export class HttpClient implements Disposable {
  readonly #guard: AddressGuard;
  readonly #plain: PlainAgent;
  readonly #tls: TlsAgent;

  constructor(guard: AddressGuard) {
    this.#guard = guard;
    const options = { keepAlive: true, maxSockets: pullLimits.connectionsPerHost };
    this.#plain = new PlainAgent(options);
    this.#tls = new TlsAgent(options);
  }

  [Symbol.dispose](): void {
    this.#plain.destroy();
    this.#tls.destroy();
  }

  /**
   * @returns when the head of the answer is there; the body is the caller's to read or destroy
   * @throws {PullError} `unreachable`, `address-refused`
   */
  async get(url: URL, { headers = {}, signal }: RequestOptions): Promise<IncomingMessage> {
    signal.throwIfAborted();
    this.#guard.checkLiteral(bareHost(url));
    const isTls = url.protocol === 'https:';
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = (isTls ? tlsRequest : plainRequest)(url, {
      agent: isTls ? this.#tls : this.#plain,
      headers: { 'user-agent': 'berth', 'accept-encoding': 'identity', ...headers },
      lookup: this.#guard.lookup,
      signal,
    });
    const late = setTimeout(() => request.destroy(new Error('no answer in time')), pullLimits.headTimeoutMs);
    request.on('response', resolve);
    request.on('error', reject);
    request.end();
    try {
      return await promise;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof PullError) throw error;
      throw unreachable(url, error as Error);
    } finally {
      clearTimeout(late);
    }
  }
}

/** The body of an answer as it comes; one that stands still is cut. @throws {PullError} `unreachable` */
export async function* bodyChunks(response: IncomingMessage): AsyncGenerator<Buffer> {
  const idle = setTimeout(
    () => response.destroy(new Error('nothing came for too long')),
    pullLimits.idleTimeoutMs,
  );
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      idle.refresh();
      yield chunk;
    }
  } catch (error) {
    if (error instanceof PullError) throw error;
    throw new PullError('unreachable', `the connection broke: ${(error as Error).message}`, { cause: error });
  } finally {
    clearTimeout(idle);
    response.destroy();
  }
}

/** @throws {PullError} `bad-answer` for more bytes, `unreachable` */
export async function wholeBody(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of bodyChunks(response)) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new PullError('bad-answer', `the registry's answer has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Without port and without the brackets of an IPv6 address. */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function unreachable({ host }: URL, error: Error): PullError {
  const { code } = error as NodeJS.ErrnoException;
  const why = { ENOTFOUND: 'there is no such host', ECONNREFUSED: 'the connection was refused' }[code ?? ''];
  return new PullError('unreachable', `${host}: ${why ?? error.message}`, { cause: error });
}
