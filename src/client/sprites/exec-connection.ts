import { ConnectionError } from '../errors.ts';
import type { WebSocketConnection } from '../web-socket/connection.ts';

/** What a session tells, in order; `exit` is the last. */
export type ExecEvent =
  | { readonly type: 'session'; readonly id: string; readonly command: string; readonly tty: boolean }
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly bytes: Buffer }
  | { readonly type: 'exit'; readonly exitCode: number };

export interface TerminalSize {
  readonly rows: number;
  readonly cols: number;
}

/** First byte of a binary message; a terminal has none. */
const prefix = { stdin: 0, stdout: 1, stderr: 2, exit: 3, endOfInput: 4 } as const;
const serverStops = 1011;
/** The server takes up to 1 MiB in one message. */
const maxInputBytes = 64 * 1024;

interface TextMessage {
  readonly type?: unknown;
  readonly session_id?: unknown;
  readonly command?: unknown;
  readonly tty?: unknown;
  readonly exit_code?: unknown;
  readonly message?: unknown;
}

/** A command that runs in a sprite, with its input and its outputs. */
export class ExecConnection {
  readonly #socket: WebSocketConnection;
  readonly #url: string;
  #tty = false;

  constructor(url: string, socket: WebSocketConnection) {
    this.#url = url;
    this.#socket = socket;
  }

  /**
   * Read at the pace of its reader: a command whose output nobody takes is held.
   * @throws {ConnectionError} when it breaks off before the command has ended
   */
  async *events(): AsyncGenerator<ExecEvent, void, undefined> {
    let exitCode: number | undefined;
    for await (const message of this.#socket.messages()) {
      if (typeof message === 'string') {
        const told = parse(message);
        if (told.type === 'session_info') {
          this.#tty = told.tty === true;
          yield {
            type: 'session',
            id: String(told.session_id),
            command: String(told.command),
            tty: this.#tty,
          };
        } else if (told.type === 'exit' && typeof told.exit_code === 'number') {
          exitCode = told.exit_code;
        } else if (told.type === 'error') {
          throw new ConnectionError(this.#url, String(told.message));
        }
      } else if (this.#tty) {
        yield { type: 'output', stream: 'stdout', bytes: message };
      } else if (message[0] === prefix.stdout || message[0] === prefix.stderr) {
        const stream = message[0] === prefix.stdout ? 'stdout' : 'stderr';
        yield { type: 'output', stream, bytes: message.subarray(1) };
      } else if (message[0] === prefix.exit) {
        exitCode = message[1] ?? 0;
      }
    }
    if (exitCode === undefined) {
      const stopped = this.#socket.closeCode === serverStops;
      throw new ConnectionError(
        this.#url,
        stopped ? 'the sprite or its server stopped' : 'the connection broke off',
      );
    }
    yield { type: 'exit', exitCode };
  }

  /** Settles when there is room for more. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += maxInputBytes) {
      const piece = bytes.subarray(at, at + maxInputBytes);
      await this.#socket.send(this.#tty ? piece : Buffer.concat([Buffer.of(prefix.stdin), piece]));
    }
  }

  async endInput(): Promise<void> {
    // A terminal has an end of input of its own, which is a key.
    if (!this.#tty) await this.#socket.send(Buffer.of(prefix.endOfInput));
  }

  /** @param name such as `SIGTERM` */
  async signal(name: string): Promise<void> {
    await this.#socket.send(JSON.stringify({ type: 'signal', signal: name }));
  }

  async resize({ rows, cols }: TerminalSize): Promise<void> {
    await this.#socket.send(JSON.stringify({ type: 'resize', rows, cols }));
  }

  /** Leaves; what becomes of the command was said at its start. */
  close(): void {
    this.#socket.close();
  }
}

function parse(text: string): TextMessage {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === 'object' && message !== null ? message : {};
  } catch {
    return {};
  }
}
