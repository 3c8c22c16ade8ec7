import { segment } from '../path.ts';
import type { Transport } from '../transport.ts';
import { ExecConnection, type TerminalSize } from './exec-connection.ts';

export interface SessionSummary {
  readonly id: string;
  readonly command: string;
  readonly workdir: string;
  readonly created: string;
  readonly bytes_per_second: number;
  /** Somebody is attached. */
  readonly is_active: boolean;
  readonly last_activity?: string;
  readonly tty: boolean;
}

export interface ExecRequest {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Replaces the sprite's variables; PATH, HOME, USER, LANG and TERM are filled in. */
  readonly env?: Readonly<Record<string, string>>;
  readonly directory?: string;
  /** False: the command's input is at its end from the start. */
  readonly hasInput: boolean;
  readonly tty?: TerminalSize;
}

export interface KillEvent {
  readonly type: 'signal' | 'exited' | 'timeout' | 'killed' | 'complete';
  readonly message?: string;
  readonly exit_code?: number;
}

/** Commands that run in a sprite, and new ones. */
export class SpriteSessions {
  readonly #transport: Transport;
  readonly #path: string;

  constructor(transport: Transport, path: string) {
    this.#transport = transport;
    this.#path = path;
  }

  async list(): Promise<SessionSummary[]> {
    const { sessions } = await this.#transport.get<{ sessions: SessionSummary[] }>(`${this.#path}/exec`);
    return sessions;
  }

  /**
   * Runs a command. One that can't be started is told as a command that ended with 126 or 127.
   * @throws {ApiError} `sprite not found`, `not supported` (a terminal, where the server has none) and others
   */
  async exec({ command, env = {}, directory, hasInput, tty }: ExecRequest): Promise<ExecConnection> {
    const query = new URLSearchParams([
      ...command.map((argument): [string, string] => ['cmd', argument]),
      ...Object.entries(env).map(([name, value]): [string, string] => ['env', `${name}=${value}`]),
      ['stdin', String(hasInput)],
    ]);
    if (directory !== undefined) query.set('dir', directory);
    if (tty !== undefined) {
      query.set('tty', 'true');
      query.set('rows', String(tty.rows));
      query.set('cols', String(tty.cols));
    }
    return this.#connect(`${this.#path}/exec?${query.toString()}`);
  }

  /** What it wrote before comes first. @throws {ApiError} `session not found` */
  attach(id: string): Promise<ExecConnection> {
    return this.#connect(`${this.#path}/exec/${segment(id)}`);
  }

  /** Asks it to end, and kills it after a while. @throws {ApiError} `session not found`, `gone` */
  kill(id: string, signal = 'SIGTERM'): AsyncGenerator<KillEvent> {
    return this.#transport.lines('POST', `${this.#path}/exec/${segment(id)}/kill?signal=${segment(signal)}`);
  }

  async #connect(path: string): Promise<ExecConnection> {
    return new ExecConnection(this.#transport.url, await this.#transport.webSocket(path));
  }
}
