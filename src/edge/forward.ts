import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Admission } from './access.ts';
import type { EdgeOptions } from './edge.ts';
import type { EdgeErrorName } from './errors.ts';
import { forwardedHead } from './forwarded-head.ts';
import { relayInformational } from './informational.ts';
import { limits } from './limits.ts';
import { addEdgeHeaders, withoutLength } from './response-headers.ts';
import type { RouteEntry } from './routes.ts';
import { Tunnel, upgradeProblem } from './tunnel.ts';
import type { BodyFraming, UpstreamConnection, UpstreamExchange } from './upstream/connection.ts';
import { ProtocolError, type ResponseHead } from './upstream/response-parser.ts';
import type { Visit } from './visit.ts';

export interface ForwardOptions extends Pick<EdgeOptions, 'connectMs' | 'handshakeTimeoutMs'> {
  /** What clients use: `http` or `https`. */
  readonly scheme: string;
}

/** RFC 9110, section 9.2.2. */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

/** Brings one request to its workload and the response back, or makes a tunnel between the two. */
export class Forward implements UpstreamExchange {
  readonly #visit: Visit;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #entry: RouteEntry;
  readonly #options: ForwardOptions;
  readonly #unready: () => void;
  readonly #head: string;
  readonly #framing: BodyFraming;
  #connection: UpstreamConnection | undefined;
  /** The next attempt to connect, the end of the attempts, or the end of the handshake. */
  #timer: NodeJS.Timeout | undefined;
  /** Until when to try to connect, in ms of `performance.now()`. */
  #connectUntil = 0;
  #retried = false;
  #headWritten = false;
  /** Something of the response is on its way to the client. */
  #flushed = false;
  #awaitsDrain = false;
  #tunnel: Tunnel | undefined;

  /** @param unready called when the workload turns out not to be ready any more; nothing has been sent then */
  constructor(
    visit: Visit,
    entry: RouteEntry,
    admission: Admission,
    options: ForwardOptions,
    unready: () => void,
  ) {
    this.#visit = visit;
    this.#req = visit.req;
    this.#res = visit.res;
    this.#entry = entry;
    this.#options = options;
    this.#unready = unready;
    this.#head = forwardedHead(visit, admission, options.scheme);
    this.#framing = visit.head.chunked ? 'chunked' : hasLength(visit.head.contentLength) ? 'length' : 'none';
    visit.onGone = () => this.#abort();
  }

  start(): void {
    const idle = this.#visit.tunnel === undefined ? this.#entry.pool?.take() : undefined;
    if (idle === undefined) {
      this.#connect();
    } else {
      this.#send(idle);
      this.#limitResponse();
      this.#sendBody();
    }
  }

  connected(): void {
    clearTimeout(this.#timer);
    if (this.#visit.tunnel !== undefined) {
      this.#timer = setTimeout(() => this.#refuse('handshakeLate'), this.#options.handshakeTimeoutMs);
    } else {
      this.#limitResponse();
    }
    this.#sendBody();
  }

  #limitResponse(): void {
    const responseMs = this.#visit.admittance?.responseMs;
    if (responseMs === undefined) return;
    this.#timer = setTimeout(() => this.#refuse('responseLate'), responseMs);
  }

  informational(head: ResponseHead): void {
    if (this.#connection !== undefined) relayInformational(this.#req, this.#res, head);
  }

  head(head: ResponseHead, last: boolean): void {
    if (this.#connection === undefined) return;
    clearTimeout(this.#timer);
    if (head.status === 101) {
      this.#switch(head);
      return;
    }
    // A 204 has no length at all (RFC 9110, section 8.6).
    const headers = head.status === 204 ? withoutLength(head.headers) : head.headers;
    this.#res.writeHead(head.status, head.reason, addEdgeHeaders(headers, this.#visit.id));
    this.#headWritten = true;
    if (last) this.#finish();
  }

  data(chunk: Buffer, last: boolean): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    if (this.#tunnel !== undefined) {
      this.#tunnel.write(Buffer.from(chunk));
    } else if (last && !this.#flushed && chunk.length <= limits.maxJoinedBodyBytes) {
      this.#finish(chunk.toString('latin1'));
    } else {
      this.#flushed = true;
      if (!this.#res.write(Buffer.from(chunk))) this.#pauseUntilDrain(connection);
      if (last) this.#finish();
    }
  }

  end(trailers: string[]): void {
    if (this.#connection === undefined) return;
    if (trailers.length > 0) this.#res.addTrailers(pairs(trailers));
    this.#finish();
  }

  flush(): void {
    if (this.#flushed || !this.#headWritten || this.#connection === undefined) return;
    this.#flushed = true;
    this.#res.flushHeaders();
  }

  drained(): void {
    this.#req.resume();
  }

  failed(error: Error): void {
    const connection = this.#connection;
    // A tunnel sees the end of its sockets by itself.
    if (connection === undefined || this.#tunnel !== undefined) return;
    this.#connection = undefined;
    clearTimeout(this.#timer);
    if (!connection.opened) {
      this.#connectLater();
    } else if (this.#headWritten) {
      this.#visit.onGone = undefined;
      this.#visit.cut();
    } else if (error instanceof ProtocolError) {
      this.#refuse('badAnswer', error.message);
    } else if (error instanceof TypeError) {
      // writeHead found a header that must not be sent on.
      this.#refuse('badAnswer', 'it has a malformed header');
    } else if (connection.answered) {
      this.#refuse('badAnswer', 'its head broke off');
    } else if (connection.reused && this.#isRepeatable()) {
      this.#retried = true;
      this.#connect();
    } else {
      this.#refuse('closedEarly');
    }
  }

  #connect(): void {
    const pool = this.#entry.pool;
    if (pool === undefined) {
      this.#visit.onGone = undefined;
      this.#unready();
      return;
    }
    const now = performance.now();
    if (this.#connectUntil === 0) {
      this.#connectUntil = now + (this.#visit.admittance?.connectMs ?? this.#options.connectMs);
    }
    const leftMs = Math.max(
      this.#connectUntil - now,
      this.#visit.admittance === undefined ? 1 : this.#options.connectMs,
    );
    this.#timer = setTimeout(() => this.#refuse('unreachable'), leftMs);
    this.#send(pool.open(this.#visit.tunnel !== undefined));
  }

  #connectLater(): void {
    if (performance.now() + limits.connectRetryMs >= this.#connectUntil) this.#refuse('unreachable');
    else this.#timer = setTimeout(() => this.#connect(), limits.connectRetryMs);
  }

  #send(connection: UpstreamConnection): void {
    this.#connection = connection;
    connection.send(
      this,
      this.#head,
      this.#req.method ?? 'GET',
      this.#framing,
      this.#visit.tunnel !== undefined,
    );
  }

  #sendBody(): void {
    if (this.#framing === 'none') return;
    const req = this.#req;
    // Once the exchange is over, the rest of the body is read and dropped.
    req.on('data', (chunk: Buffer) => {
      if (this.#connection?.writeBody(chunk) === false) req.pause();
    });
    req.on('end', () => this.#connection?.endBody());
  }

  #pauseUntilDrain(connection: UpstreamConnection): void {
    connection.pause();
    if (this.#awaitsDrain) return;
    this.#awaitsDrain = true;
    this.#res.on('drain', () => this.#connection?.resume());
  }

  #isRepeatable(): boolean {
    return !this.#retried && this.#framing === 'none' && idempotent.has(this.#req.method ?? '');
  }

  #switch(head: ResponseHead): void {
    const { tunnel: client, head: request } = this.#visit;
    const connection = this.#connection;
    if (client === undefined || connection === undefined) return;
    const problem = upgradeProblem(request.upgrade, head);
    if (problem !== undefined) {
      this.#refuse('badAnswer', problem);
      return;
    }
    this.#res.detachSocket(client);
    this.#visit.onGone = undefined;
    this.#tunnel = new Tunnel(client, connection);
    this.#tunnel.open(head, this.#visit.id);
  }

  /** @param body the whole body if nothing of it has been written yet: joined with the head it is one write */
  #finish(body?: string): void {
    this.#connection = undefined;
    this.#visit.onGone = undefined;
    if (body === undefined) this.#res.end();
    else this.#res.end(body, 'latin1');
    if (this.#framing !== 'none') this.#req.resume();
  }

  #refuse(name: EdgeErrorName, detail?: string): void {
    this.#abort();
    this.#visit.refuse(name, detail === undefined ? {} : { detail });
  }

  #abort(): void {
    clearTimeout(this.#timer);
    this.#connection?.destroy();
    this.#connection = undefined;
  }
}

function hasLength(contentLength: string | undefined): boolean {
  return contentLength !== undefined && Number(contentLength) > 0;
}

function pairs(flat: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) list.push([flat[i] as string, flat[i + 1] as string]);
  return list;
}
