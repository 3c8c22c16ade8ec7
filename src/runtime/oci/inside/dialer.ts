import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { toolEnvironment } from '../../../lib/command.ts';
import { ConnectError } from '../../runtime.ts';
import { ociLimits } from '../limits.ts';

export interface Dial {
  readonly host: string;
  readonly port: number;
  /** Those of the host; where there are none the name servers are asked. */
  readonly addresses: readonly string[];
  readonly servers: readonly string[];
}

type Reply = { readonly id: number; readonly code?: string };

interface Pending {
  readonly resolve: (socket: Socket) => void;
  readonly reject: (error: Error) => void;
}

const failures: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'the network is unreachable',
  ETIMEDOUT: 'no answer',
  ENOTFOUND: 'the name is not known',
  ENODATA: 'the name has no address',
  EREFUSED: 'its name server refuses to tell',
  ESERVFAIL: 'its name server failed',
};

/**
 * Opens connections from inside a network namespace, by a process in it that hands them over: what goes through them
 * does not pass that process, which ends when nothing was asked of it for a while.
 */
export class Dialer {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  readonly ended: Promise<void>;
  #nextId = 0;
  #isEnding = false;
  #usedAt = performance.now();
  #idle: NodeJS.Timeout | undefined;

  /** @param namespacePath what names the network namespace */
  constructor(namespacePath: string) {
    const program = new URL('./dial-process.mjs', import.meta.url);
    this.#child = fork(program, {
      execPath: 'nsenter',
      execArgv: [`--net=${namespacePath}`, '--', process.execPath],
      env: toolEnvironment,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      detached: true,
    });
    this.#child.on('message', (reply, socket) => this.#settle(reply as Reply, socket as Socket | undefined));
    this.ended = this.#untilEnded();
    this.#rest();
  }

  /** It takes no more. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  get isIdle(): boolean {
    return this.#pending.size === 0;
  }

  /** Milliseconds of `performance.now()`. */
  get usedAt(): number {
    return this.#usedAt;
  }

  /** @throws {ConnectError} */
  async dial(dial: Dial, signal: AbortSignal): Promise<Socket> {
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    this.#pending.set(id, { resolve, reject });
    clearTimeout(this.#idle);
    const cancel = () => {
      this.#pending.set(id, { resolve: socket => socket.destroy(), reject: () => {} });
      this.#child.send({ type: 'cancel', id }, () => {});
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', cancel, { once: true });
    this.#child.send({ type: 'dial', id, ...dial }, error => {
      if (error) reject(new ConnectError('the sandbox can not be reached now'));
    });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', cancel);
      if (!signal.aborted) this.#forget(id);
    }
  }

  /** Ends the process; connections that it has handed over stay. */
  async end(): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#idle);
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  #settle({ id, code }: Reply, socket: Socket | undefined): void {
    const pending = this.#pending.get(id);
    this.#forget(id);
    if (socket) {
      // The other end may be gone before anybody looks.
      socket.on('error', () => {});
      if (pending) pending.resolve(socket);
      else socket.destroy();
    } else pending?.reject(new ConnectError(failures[code ?? ''] ?? `failed (${code})`));
  }

  #forget(id: number): void {
    this.#pending.delete(id);
    this.#usedAt = performance.now();
    if (this.isIdle) this.#rest();
  }

  #rest(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.end(), ociLimits.dialerIdleMs).unref();
  }

  async #untilEnded(): Promise<void> {
    // Where it could not be started there is no exit.
    await Promise.race([once(this.#child, 'exit'), once(this.#child, 'error')]).catch(() => {});
    this.#isEnding = true;
    clearTimeout(this.#idle);
    for (const { reject } of this.#pending.values())
      reject(new ConnectError('the sandbox can not be reached now'));
    this.#pending.clear();
  }
}
