import { BerthError } from '../../../lib/errors.ts';
import { type ExecSpec, type Runtime, RuntimeError, type WorkloadAccount } from '../../../runtime/runtime.ts';
import { absoluteIn, standardPath } from '../layout.ts';
import type { SandboxLimits } from '../limits.ts';
import type { LiveSandbox } from '../live-sandbox.ts';
import type { Resident } from '../resident.ts';
import { failedProcess } from './failed-process.ts';
import { Session, type SessionFacts } from './session.ts';

export interface SessionsParts {
  readonly sandbox: LiveSandbox;
  readonly runtime: Runtime;
  readonly limits: Pick<SandboxLimits, 'scrollbackBytes'>;
  readonly account: WorkloadAccount;
}

export interface SessionRequest {
  /** The program, then its arguments. */
  readonly command: readonly string[];
  /** Replaces the sandbox's environment, but for what no program can do without. */
  readonly env?: Readonly<Record<string, string>>;
  /** Relative to the home folder. */
  readonly directory?: string;
  readonly tty?: { readonly rows: number; readonly cols: number };
  /** How long it goes on without a client, ms; 0 = for ever. */
  readonly maxRunAfterDisconnectMs: number;
  readonly signal?: AbortSignal;
}

/** How long an ended session is remembered, so that it is told from one that never was. */
const rememberMs = 600_000;
const maxRemembered = 10_000;

/** The commands that run in one sandbox beside its services. They end with the server. */
export class Sessions implements Resident {
  readonly #parts: SessionsParts;
  readonly #live = new Map<string, Session>();
  /** When those that ended are forgotten, in ms of `performance.now()`; oldest first. */
  readonly #ended = new Map<string, number>();

  constructor(parts: SessionsParts) {
    this.#parts = parts;
  }

  /**
   * Runs a command; its sandbox is woken first. A command that can't be started is one that says why on its
   * standard error and ends with 127 or 126, as a shell has it.
   * @throws {BerthError} `no-capacity` when the sandbox does not wake
   */
  async start(request: SessionRequest): Promise<Session> {
    const { sandbox, runtime, limits, account } = this.#parts;
    const use = await sandbox.use(request.signal);
    try {
      const directory = absoluteIn(account.home, request.directory ?? '');
      const facts: SessionFacts = { command: request.command, directory, tty: request.tty !== undefined };
      const process = await runtime.exec(use.workloadId, this.#spec(request, directory)).catch(error => {
        if (error instanceof RuntimeError && error.code === 'start-error') return failedProcess(error);
        throw error;
      });
      let release: (() => void) | undefined;
      const session = new Session({
        process,
        facts,
        scrollbackBytes: limits.scrollbackBytes,
        maxRunAfterDisconnectMs: request.maxRunAfterDisconnectMs,
        onOutput: () => sandbox.touch(),
        followPorts: listener => sandbox.ports.follow(listener),
        onAttended: attended => {
          if (attended) release ??= sandbox.hold();
          else {
            release?.();
            release = undefined;
          }
        },
      });
      this.#live.set(session.id, session);
      void session.ended.then(() => this.#forget(session));
      return session;
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      if (error.code === 'unsupported') throw new BerthError('unsupported', error.message, { cause: error });
      throw new BerthError('no-capacity', `the sandbox can't run it now: ${error.message}`, { cause: error });
    } finally {
      use.release();
    }
  }

  /** @throws {BerthError} `not-found`; `gone` when it has ended a while ago */
  get(id: string): Session {
    const session = this.#live.get(id);
    if (session !== undefined) return session;
    if ((this.#ended.get(id) ?? 0) > performance.now()) {
      throw new BerthError('gone', `session ${id} has ended`);
    }
    throw new BerthError('not-found', `session not found: ${id}`);
  }

  /** Oldest first. */
  list(): Session[] {
    return [...this.#live.values()];
  }

  async stopping(): Promise<void> {
    this.#cutAll();
  }

  ended(): void {
    this.#cutAll();
  }

  #cutAll(): void {
    for (const session of this.#live.values()) session.cut();
  }

  #spec({ command, env, tty }: SessionRequest, workingDirectory: string): ExecSpec {
    const terminal = tty === undefined ? {} : { TERM: 'xterm-256color' };
    return {
      command,
      workingDirectory,
      ...(tty && { tty }),
      ...(env === undefined
        ? { env: terminal }
        : { env: { ...this.#needed(), ...terminal, ...env }, replaceEnv: true }),
    };
  }

  /** What is filled in where a request brings an environment of its own. */
  #needed(): Record<string, string> {
    const { name, home } = this.#parts.account;
    return { PATH: standardPath, HOME: home, USER: name, LANG: 'C.UTF-8', TERM: 'dumb' };
  }

  #forget(session: Session): void {
    this.#live.delete(session.id);
    this.#ended.set(session.id, performance.now() + rememberMs);
    for (const [id, until] of this.#ended) {
      if (until > performance.now() && this.#ended.size <= maxRemembered) break;
      this.#ended.delete(id);
    }
  }
}
