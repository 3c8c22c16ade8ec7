import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { answerClientError, type Edge, hostOf, listenerOptions, responseOver } from '../edge/index.ts';
import { offerUpgrade, wantsWebSocket } from '../http/index.ts';
import { randomId } from '../lib/ids.ts';

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
  /** Of the APIs' WebSockets, which the server does not count any more. */
  readonly #sockets = new Set<Socket>();

  /** @param headTimeoutMs how long a client may take to send its request head */
  constructor(headTimeoutMs: number) {
    const options = {
      ...listenerOptions(headTimeoutMs),
      keepAliveTimeout: keepAliveTimeoutMs,
      // The APIs know WebSockets only; some clients offer h2c with every first request.
      shouldUpgradeCallback: (req: IncomingMessage) =>
        (this.#edge?.claims(hostOf(req)) ?? false) || wantsWebSocket(req),
    };
    this.server = createServer(options, (req, res) => this.#request(req, res));
    this.server.on('clientError', answerClientError);
    this.server.on('upgrade', (req, socket, head) => {
      if (this.#edge?.claims(hostOf(req))) this.#edge.upgrade(req, socket, head);
      else this.#upgrade(req, socket as Socket, head);
    });
    this.server.on('checkContinue', (req, res) => {
      // The edge passes the question on; the APIs take every body that is not too large.
      if (!this.#edge?.claims(hostOf(req))) res.writeContinue();
      this.#request(req, res);
    });
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
    const cut = setTimeout(() => {
      this.server.closeAllConnections();
      for (const socket of this.#sockets) socket.destroy();
    }, drainMs);
    await closed;
    clearTimeout(cut);
  }

  /** A route of the APIs makes a WebSocket of it, or answers it like any other request. */
  #upgrade(req: IncomingMessage, socket: Socket, head: Buffer): void {
    const res = responseOver(req, socket, head);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    offerUpgrade(req, socket);
    this.#app(req, res);
  }

  #request(req: IncomingMessage, res: ServerResponse): void {
    if (this.#edge?.claims(hostOf(req))) this.#edge.request(req, res);
    else this.#app(req, res);
  }
}

function answerStarting(_: IncomingMessage, res: ServerResponse): void {
  const error = { message: 'berth is starting', status: 503, code: 'Starting', id: `req_${randomId()}` };
  res
    .writeHead(503, { 'content-type': 'application/json', 'retry-after': '1' })
    .end(JSON.stringify({ error }));
}
