import type { WebSocket } from 'ws';

/** Close codes. */
export const closeCodes = { normal: 1000, serverStops: 1011, tooSlow: 1013, badStart: 4400 } as const;

/** More than this on the way to a client that does not read ends its connection. */
const maxUnsentBytes = 4 * 1024 * 1024;
/** How long the client may take to answer the close. */
const closeTimeoutMs = 10_000;

/** A WebSocket that tells JSON texts; it ends with the server. */
export class TextSocket {
  readonly #socket: WebSocket;
  readonly #gone = new AbortController();

  /** @param closing fires when the server stops */
  constructor(socket: WebSocket, closing: AbortSignal) {
    this.#socket = socket;
    const cut = (): void => this.close(closeCodes.serverStops);
    closing.addEventListener('abort', cut);
    socket.once('close', () => {
      closing.removeEventListener('abort', cut);
      this.#gone.abort();
    });
    if (closing.aborted) cut();
  }

  /** Fires when the connection has ended. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  tell(message: object): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > maxUnsentBytes) this.close(closeCodes.tooSlow);
    else this.#socket.send(JSON.stringify(message));
  }

  /** The client's first message as JSON; undefined when it is no object, or does not come in time. */
  async first(timeoutMs: number): Promise<Record<string, unknown> | undefined> {
    return await new Promise(resolve => {
      const timer = setTimeout(() => resolve(undefined), timeoutMs);
      this.#socket.once('close', () => resolve(undefined));
      this.#socket.once('message', (data, isBinary) => {
        clearTimeout(timer);
        resolve(isBinary ? undefined : parseObject((data as Buffer).toString()));
      });
    });
  }

  close(code: number): void {
    this.#socket.close(code);
    setTimeout(() => this.#socket.terminate(), closeTimeoutMs).unref();
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
