import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Edge } from '../edge/index.ts';

/** How long a client may take to send its request head, ms. */
const headTimeoutMs = 30_000;
/** Idle time after which a client's kept connection is closed, ms. */
const keepAliveTimeoutMs = 75_000;

type RequestListener = (req: IncomingMessage, res: ServerResponse) => void;

/**
 * The one public port. It is bound first, so that two servers can't fight over the rest; until `open` it
 * answers 503.
 */
export class Listener {
  readonly server: Server;
  #edge: Edge | undefined;
  #app: RequestListener = answerStarting;

  constructor() {
    this.server = createServer(
      {
        headersTimeout: headTimeoutMs,
        // Uploads to workloads may take as long as they like.
        requestTimeout: 0,
        keepAliveTimeout: keepAliveTimeoutMs,
        noDelay: true,
      },
      (req, res) => this.#request(req, res),
    );
    this.server.on('upgrade', (req, socket, head) => this.#upgrade(req, socket, head));
    this.server.on('checkContinue', (req, res) => this.#request(req, res));
  }

  /** @param port 0 = a free one @returns the port */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host, port }, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    return (this.server.address() as AddressInfo).port;
  }

  /** From now on requests reach the APIs and the workloads. */
  open(app: RequestListener, edge: Edge): void {
    this.#app = app;
    this.#edge = edge;
  }

  /** Takes no new connections, and cuts those that are still there after `drainMs`. */
  async close(drainMs: number): Promise<void> {
    const closed = new Promise<void>(resolve => this.server.close(() => resolve()));
    this.server.closeIdleConnections();
    const cut = setTimeout(() => this.server.closeAllConnections(), drainMs);
    await closed;
    clearTimeout(cut);
  }

  #request(req: IncomingMessage, res: ServerResponse): void {
    if (this.#edge?.claims(req.headers.host)) this.#edge.request(req, res);
    else this.#app(req, res);
  }

  #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#edge?.claims(req.headers.host)) this.#edge.upgrade(req, socket, head);
    else {
      socket.on('error', () => socket.destroy());
      socket.end('HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    }
  }
}

function answerStarting(_: IncomingMessage, res: ServerResponse): void {
  const message = 'berth is starting';
  res
    .writeHead(503, { 'content-type': 'application/json', 'retry-after': '1' })
    .end(JSON.stringify({ error: { message, status: 503, code: 'Starting', id: '' } }));
}
