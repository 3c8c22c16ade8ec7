import { ApiError, ConnectionError } from '../errors.ts';
import type { Transport } from '../transport.ts';
import type { Message, WebSocketConnection } from '../web-socket/connection.ts';

export interface SpritePort {
  readonly port: number;
  /** That it is bound to. */
  readonly address: string;
  /** As seen inside; 0 where it is not known. */
  readonly pid: number;
}

export type PortNews =
  | { readonly type: 'port_list'; readonly ports: readonly SpritePort[] }
  | ({ readonly type: 'port_opened' | 'port_closed' } & SpritePort);

/** Above what the server may need to wake a sprite, and to connect. */
const answerTimeoutMs = 90_000;
/** Nothing is told while nothing changes. */
const noLimit = 0;

/** What programs of a sprite listen on. */
export class SpritePorts {
  readonly #transport: Transport;
  readonly #path: string;

  constructor(transport: Transport, path: string) {
    this.#transport = transport;
    this.#path = path;
  }

  /** By port. */
  async list(): Promise<readonly SpritePort[]> {
    for await (const news of this.watch()) {
      if (news.type !== 'port_list') continue;
      return news.ports
        .map(({ port, address, pid }) => ({ port, address, pid }))
        .toSorted((one, other) => one.port - other.port);
    }
    throw new ConnectionError(this.#transport.url, 'the connection broke off');
  }

  /** First all that there are, then each change, until nobody reads on. @throws {ApiError | ConnectionError} */
  async *watch(): AsyncGenerator<PortNews, void, undefined> {
    const socket = await this.#transport.webSocket(`${this.#path}/ports/watch`);
    try {
      for await (const message of socket.messages(noLimit)) {
        const news = parse(message);
        if (news.type === 'error') throw refusal(String(news.message));
        yield news as unknown as PortNews;
      }
    } finally {
      socket.close();
    }
    throw new ConnectionError(this.#transport.url, 'the sprite or its server stopped');
  }

  /**
   * Connects to a port from inside.
   * @param host as it is known inside
   * @throws {ApiError} `port not reached`
   */
  async connect(port: number, host = 'localhost'): Promise<PortConnection> {
    const socket = await this.#transport.webSocket(`${this.#path}/proxy`);
    const timer = setTimeout(() => socket.close(), answerTimeoutMs);
    try {
      await socket.send(JSON.stringify({ host, port }));
      const messages = socket.messages(noLimit);
      const first = await messages.next();
      const answer = first.done ? {} : parse(first.value);
      if (answer.status === 'connected') return new PortConnection(socket, messages);
      socket.close();
      if (typeof answer.error === 'string') throw refusal(answer.error);
      throw new ConnectionError(this.#transport.url, 'the connection broke off');
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Bytes to and from a program in a sprite. */
export class PortConnection {
  readonly #socket: WebSocketConnection;
  readonly #messages: AsyncGenerator<Message, void, undefined>;

  constructor(socket: WebSocketConnection, messages: AsyncGenerator<Message, void, undefined>) {
    this.#socket = socket;
    this.#messages = messages;
  }

  /** Until the program closes the connection, or it breaks off. */
  async *bytes(): AsyncGenerator<Buffer, void, undefined> {
    for await (const message of this.#messages) if (typeof message !== 'string') yield message;
  }

  /** Settles when there is room for more. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#socket.send(bytes);
  }

  close(): void {
    this.#socket.close();
  }
}

function refusal(message: string): ApiError {
  return new ApiError({ code: 'port not reached', status: 502, message, requestId: undefined });
}

function parse(message: Message): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(message.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
