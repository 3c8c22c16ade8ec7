import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
  type RequestOptions,
  request,
} from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { EdgeOptions, Route } from '../edge.ts';
import { answerClientError, createEdge, hostOf, listenerOptions } from '../index.ts';
import { FakeOwner } from './fake-owner.ts';

/** `headers` by name, unlike the flat lists that node:http takes too. */
export type Request = Omit<RequestOptions, 'headers'> & { readonly headers?: OutgoingHttpHeaders };

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: string[];
  readonly trailers: NodeJS.Dict<string>;
  readonly body: string;
}

/** An edge behind a listener as the server has it, a fake owner, and workloads on loopback. */
export class World implements AsyncDisposable {
  readonly owner = new FakeOwner();
  readonly edge;
  readonly #server;
  readonly #workloads: Server[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(options: Partial<EdgeOptions>) {
    const all: EdgeOptions = {
      domain: 'localhost',
      publicUrl: 'http://localhost',
      holdMs: 5_000,
      connectMs: 400,
      headTimeoutMs: 5_000,
      handshakeTimeoutMs: 5_000,
      ...options,
    };
    this.edge = createEdge(all, this.owner);
    this.#server = createHttpServer(listenerOptions(all.headTimeoutMs));
    const listen: RequestListener = (req, res) => {
      if (this.edge.claims(hostOf(req))) this.edge.request(req, res);
      else res.writeHead(421).end('api');
    };
    this.#server.on('request', listen);
    this.#server.on('checkContinue', listen);
    this.#server.on('upgrade', (req, socket, head) => this.edge.upgrade(req, socket, head));
    this.#server.on('clientError', answerClientError);
  }

  static async open(options: Partial<EdgeOptions> = {}): Promise<World> {
    const world = new World(options);
    await listening(world.#server);
    return world;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ready at an HTTP server. */
  async http(id: string, listener: RequestListener, route: Partial<Route> = {}): Promise<Route> {
    const server = createHttpServer(listener);
    return this.at(id, server, route);
  }

  /** Ready at a server that writes what it likes. */
  async tcp(id: string, listener: (socket: Socket) => void, route: Partial<Route> = {}): Promise<Route> {
    const server = createServer({ allowHalfOpen: true }, socket => {
      socket.on('error', () => {});
      listener(socket);
    });
    return this.at(id, server, route);
  }

  /** Ready at a server that answers every request head with the same bytes. */
  async scripted(id: string, answer: string, thenClose = false): Promise<Route> {
    return this.tcp(id, socket => {
      let seen = '';
      socket.on('data', chunk => {
        seen += chunk.toString('latin1');
        if (!seen.includes('\r\n\r\n')) return;
        seen = '';
        socket.write(answer, 'latin1');
        if (thenClose) socket.end();
      });
    });
  }

  async at(id: string, server: Server, route: Partial<Route> = {}): Promise<Route> {
    this.#workloads.push(server);
    server.on('connection', (socket: Socket) => this.#remember(socket));
    await listening(server);
    const target = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    return this.route({ id, phase: 'ready', target, access: 'open', stateName: 'Ready', ...route });
  }

  route(route: Route): Route {
    this.owner.routes.set(route.id, route);
    this.edge.update(route);
    return route;
  }

  /** A free port where nothing listens. */
  async closedPort(): Promise<number> {
    const server = createServer();
    await listening(server);
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }

  /** Sends a request on a connection of its own and reads the whole answer. */
  async fetch(id: string, path = '/', options: Request = {}, body?: string): Promise<Answer> {
    const res = await this.begin(id, path, options, body);
    let text = '';
    res.setEncoding('utf8');
    for await (const chunk of res) text += chunk;
    return {
      status: res.statusCode ?? 0,
      headers: res.headers,
      rawHeaders: res.rawHeaders,
      trailers: res.trailers,
      body: text,
    };
  }

  /** Sends a request and reads the head of its answer. */
  async begin(id: string, path = '/', options: Request = {}, body?: string): Promise<IncomingMessage> {
    const req = request({
      host: '127.0.0.1',
      port: this.port,
      path,
      agent: false,
      ...options,
      headers: { host: `${id}.localhost`, ...options.headers },
    });
    req.end(body);
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    return res;
  }

  /** A client that writes what it likes. */
  async dial(): Promise<RawClient> {
    const socket = connect({ port: this.port, host: '127.0.0.1', allowHalfOpen: true });
    this.#remember(socket);
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** Waits until the workload has so many open requests. */
  async untilOpen(id: string, open: number): Promise<void> {
    await until(
      () => this.owner.openOf(id) === open,
      () => `${open} open, not ${this.owner.openOf(id)}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.edge.close(0);
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    for (const server of [this.#server, ...this.#workloads]) {
      server.close();
      if (server.listening) await once(server, 'close');
    }
  }

  #remember(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

/** A TCP client that remembers what it received. */
export class RawClient {
  readonly socket: Socket;
  received = '';
  ended = false;
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', chunk => {
      this.received += chunk;
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('close', () => {
      this.closed = true;
    });
  }

  write(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Waits until `text` has been received; returns all that was. */
  async until(text: string): Promise<string> {
    await until(
      () => this.received.includes(text),
      () => `"${text}" in "${this.received}"`,
    );
    return this.received;
  }

  /** Waits until the other side has closed; returns all that was received. */
  async untilEnd(): Promise<string> {
    await until(
      () => this.ended || this.closed,
      () => `the end after "${this.received}"`,
    );
    return this.received;
  }
}

/** Waits for a condition, for at most 5 s. */
export async function until(condition: () => boolean, what: () => string): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) {
      throw new Error(`waited in vain for: ${what()}`);
    }
    await new Promise(resolve => setTimeout(resolve, 2));
  }
}

async function listening(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}
