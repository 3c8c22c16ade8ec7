import { connect, type Socket } from 'node:net';
import { limits } from '../limits.ts';
import { ResponseParser, type ResponseSink } from './response-parser.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** One exchange's side of a connection. */
export interface UpstreamExchange extends ResponseSink {
  /** A new connection is open. */
  connected(): void;
  /** Everything that one read brought has been told; what was written so far may go out. */
  flush(): void;
  /** The connection takes more of the request body. */
  drained(): void;
  /** The exchange failed; nothing else is told. The connection is gone. */
  failed(error: Error): void;
}

/** How the body of a request is delimited. `length`: its header says how long it is. */
export type BodyFraming = 'none' | 'length' | 'chunked';

/**
 * All connections read into one buffer: what a read brought is used up or copied before the next one begins.
 * This saves an allocation for every read.
 */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** A connection to a workload. Carries one exchange at a time. */
export class UpstreamConnection {
  /** Has carried an exchange before, so that the workload may be closing it at this moment. */
  reused = false;
  /** When an idle connection is closed, in ms of `performance.now()`. */
  idleUntil = 0;

  readonly #socket: Socket;
  readonly #parser = new ResponseParser();
  readonly #onFree: (connection: UpstreamConnection, reusable: boolean) => void;
  #exchange: UpstreamExchange | undefined;
  #framing: BodyFraming = 'none';
  #bodySent = true;
  #paused = false;
  #opened = false;

  /**
   * @param onFree called when an exchange has ended (`reusable`), or when the connection has gone (not)
   * @param halfOpen for tunnels: the end of one direction leaves the other open
   */
  constructor(
    address: Address,
    halfOpen: boolean,
    onFree: (connection: UpstreamConnection, reusable: boolean) => void,
  ) {
    this.#onFree = onFree;
    this.#socket = connect({
      host: address.host,
      port: address.port,
      noDelay: true,
      // A workload whose network has gone says no goodbye.
      keepAlive: true,
      keepAliveInitialDelay: limits.keepAliveMs,
      allowHalfOpen: halfOpen,
      onread: { buffer: readBuffer, callback: count => this.#read(count) },
    });
    this.#socket.once('connect', () => {
      this.#opened = true;
      this.#exchange?.connected();
    });
    this.#socket.on('drain', () => this.#exchange?.drained());
    this.#socket.on('error', error => this.#fail(error));
    this.#socket.on('end', () => this.#ended());
    this.#socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  /** Was connected at some time. */
  get opened(): boolean {
    return this.#opened;
  }

  /** At least one byte of the response has come. */
  get answered(): boolean {
    return this.#parser.started;
  }

  /** The socket itself, for a tunnel: to write to. Reads still go to the exchange. */
  get socket(): Socket {
    return this.#socket;
  }

  /** Begins an exchange with the head of its request. */
  send(
    exchange: UpstreamExchange,
    head: string,
    method: string,
    framing: BodyFraming,
    mayUpgrade: boolean,
  ): void {
    this.#exchange = exchange;
    this.#framing = framing;
    this.#bodySent = framing === 'none';
    this.#parser.expect(exchange, method, mayUpgrade);
    this.#socket.write(head, 'latin1');
  }

  /** False: wait for `drained` before writing more. */
  writeBody(chunk: Buffer): boolean {
    if (this.#framing !== 'chunked') return this.#socket.write(chunk);
    this.#socket.cork();
    this.#socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
    this.#socket.write(chunk);
    const more = this.#socket.write('\r\n', 'latin1');
    this.#socket.uncork();
    return more;
  }

  endBody(): void {
    if (this.#framing === 'chunked') this.#socket.write('0\r\n\r\n', 'latin1');
    this.#bodySent = true;
  }

  /** Stops reading the response. */
  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  /** Ends the connection at once, and tells the exchange nothing. */
  destroy(): void {
    this.#exchange = undefined;
    this.#socket.destroy();
  }

  #read(count: number): boolean {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      this.#fail(new Error('the workload sent something unasked'));
      return false;
    }
    try {
      this.#parser.push(readBuffer.subarray(0, count));
      if (this.#exchange !== exchange) return false;
      if (this.#parser.done) this.#finish();
      else exchange.flush();
    } catch (error) {
      this.#fail(error as Error);
      return false;
    }
    return !this.#paused;
  }

  #ended(): void {
    if (this.#parser.tunnel) return;
    try {
      if (this.#exchange !== undefined && this.#parser.close()) this.#finish();
      else this.#fail(new Error('the connection was closed early'));
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #finish(): void {
    this.#exchange = undefined;
    const reusable = this.#bodySent && this.#parser.keepAlive && !this.#socket.destroyed;
    this.resume();
    this.reused = true;
    if (!reusable) this.#socket.destroy();
    this.#onFree(this, reusable);
  }

  #fail(error: Error): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#socket.destroy();
    this.#onFree(this, false);
    exchange?.failed(error);
  }
}
