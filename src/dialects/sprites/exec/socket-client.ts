import type { WebSocket } from 'ws';
import type { ListeningPort, OutputPiece, Session, SessionClient } from '../../../engine/index.ts';
import { portShape } from '../sockets/port-shape.ts';

/** First byte of a binary message; a terminal has none. */
const prefix = { stdin: 0, stdout: 1, stderr: 2, exit: 3, endOfInput: 4 } as const;
const maxPayloadBytes = 32 * 1024;
/** Close codes. */
const normal = 1000;
const serverStops = 1011;
/** Of a terminal whose command failed: one client reads the result from the close code only. */
const terminalFailed = 4000;
/** How long the client may take to answer the close. */
const closeTimeoutMs = 10_000;
const maxUnreadInputs = 64;

export interface SocketClientOptions {
  readonly keepAliveMs: number;
  /** Fires when the server stops. */
  readonly closing: AbortSignal;
  readonly hasInput: boolean;
  /** Of the terminal, when it was made for this client. */
  readonly size?: { readonly rows: number; readonly cols: number };
}

/** A client of a session at the other end of a WebSocket. */
export class SocketClient implements SessionClient {
  readonly #socket: WebSocket;
  readonly #session: Session;
  readonly #options: SocketClientOptions;
  readonly #keepAlive: NodeJS.Timeout;
  #inputs: Promise<void> = Promise.resolve();
  #waitingInputs = 0;
  #detach = (): void => {};

  constructor(socket: WebSocket, session: Session, options: SocketClientOptions) {
    this.#socket = socket;
    this.#session = session;
    this.#options = options;
    this.#keepAlive = setInterval(() => this.#tell({ type: 'keepalive' }), options.keepAliveMs);
    const cut = (): void => this.cut();
    options.closing.addEventListener('abort', cut);
    socket.once('close', () => {
      clearInterval(this.#keepAlive);
      options.closing.removeEventListener('abort', cut);
      this.#detach();
    });
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.#takeInput(data as Buffer);
      else this.#takeText((data as Buffer).toString());
    });
    this.#begin();
  }

  output({ stream, bytes }: OutputPiece): void {
    const { tty } = this.#session.facts;
    for (let at = 0; at < bytes.length; at += maxPayloadBytes) {
      const payload = bytes.subarray(at, at + maxPayloadBytes);
      this.#send(tty ? payload : Buffer.concat([Buffer.of(prefix[stream]), payload]), true);
    }
  }

  ended(exitCode: number): void {
    const { tty } = this.#session.facts;
    if (!tty) this.#send(Buffer.of(prefix.exit, exitCode & 0xff), true);
    this.#tell({ type: 'exit', exit_code: exitCode });
    this.#close(tty && exitCode !== 0 ? terminalFailed : normal);
  }

  cut(): void {
    this.#close(serverStops);
  }

  portOpened(port: ListeningPort): void {
    this.#tell(portShape('port_opened', port));
  }

  portClosed(port: ListeningPort): void {
    this.#tell(portShape('port_closed', port));
  }

  unsentBytes(): number {
    return this.#socket.bufferedAmount;
  }

  #begin(): void {
    const { id, facts, createdAt, attended } = this.#session;
    const { rows = 24, cols = 80 } = this.#options.size ?? {};
    this.#tell({
      type: 'session_info',
      session_id: id,
      command: facts.command.join(' '),
      created: Math.floor(createdAt.getTime() / 1000),
      ...(facts.tty ? { cols, rows } : { cols: 0, rows: 0 }),
      is_owner: !attended,
      tty: facts.tty,
    });
    if (!this.#options.hasInput) this.#session.endInput();
    this.#detach = this.#session.attach(this);
  }

  #takeInput(data: Buffer): void {
    if (this.#session.facts.tty) this.#input(data);
    else if (data[0] === prefix.stdin) this.#input(data.subarray(1));
    else if (data[0] === prefix.endOfInput) this.#inputs = this.#inputs.then(() => this.#session.endInput());
  }

  /** In the order in which it came; a client that is faster than the program is not read meanwhile. */
  #input(bytes: Buffer): void {
    this.#waitingInputs++;
    if (this.#waitingInputs > maxUnreadInputs) this.#socket.pause();
    this.#inputs = this.#inputs
      .then(() => this.#session.write(bytes))
      .finally(() => {
        this.#waitingInputs--;
        if (this.#waitingInputs === 0 && this.#socket.isPaused) this.#socket.resume();
      });
  }

  /** What is not understood is ignored: newer clients may say more. */
  #takeText(text: string): void {
    const message = parse(text);
    if (message.type === 'signal' && typeof message.signal === 'string') {
      const name = message.signal.toUpperCase();
      this.#session.signal((name.startsWith('SIG') ? name : `SIG${name}`) as NodeJS.Signals);
    } else if (message.type === 'resize' && isSize(message.rows) && isSize(message.cols)) {
      this.#session.resize({ rows: message.rows, cols: message.cols });
    }
  }

  #tell(message: object): void {
    this.#send(JSON.stringify(message), false);
  }

  #send(data: string | Buffer, binary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(data, { binary });
    this.#keepAlive.refresh();
  }

  #close(code: number): void {
    this.#socket.close(code);
    setTimeout(() => this.#socket.terminate(), closeTimeoutMs).unref();
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === 'object' && message !== null ? (message as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 10_000;
}
