import { type ChildProcess, fork } from 'node:child_process';
import { commandResult, defaultTimeoutMs, type RunCommand, toolEnvironment } from './command.ts';

export interface LaunchSpec {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Laid over the environment of the machine's tools. */
  readonly env: Readonly<Record<string, string>>;
  /** Its standard input, where it has one: a file, or a FIFO that is open at its other end. */
  readonly inputFile?: string;
  /** Where its standard output goes. */
  readonly outputFile?: string;
  /** Where its standard error goes. */
  readonly errorFile: string;
  /** What it writes to its descriptor 3 is read to the end, not only the first line. */
  readonly keepsTelling?: true;
}

/** A program that runs by itself, in a session of its own. */
export interface Launched {
  readonly pid: number;
  /**
   * The line that it wrote to its descriptor 3.
   * @throws {Error} when it ended without
   */
  readonly ready: Promise<string>;
  /** Undefined when the launcher has ended, and so nobody is told any more. */
  readonly ended: Promise<LaunchedEnd | undefined>;
}

export interface LaunchedEnd {
  /** 128 + n after signal n. */
  readonly exitCode: number;
  /** What it wrote to its descriptor 3 after its first line; with `keepsTelling`. */
  readonly lastWords: string;
}

/**
 * Starts programs from a small process of its own. A process of the size of a server takes 10 ms and more to
 * fork, and stands still meanwhile, because its page tables are copied; a small one takes 1 to 2 ms. What was
 * launched runs on when the launcher or the server ends.
 */
export class Launcher {
  #child: ChildProcess | undefined;
  #nextId = 0;
  readonly #pending = new Map<number, Pending>();

  /** As `runCommand`. */
  readonly run: RunCommand = async (file, args, options = {}) => {
    const ended = Promise.withResolvers<Ended>();
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.#send({ type: 'run', file, args, input: options.input ?? '', timeoutMs }, reply => {
      if (reply?.type === 'ended') ended.resolve(reply);
      else ended.reject(new Error(`the launcher ended while ${file} ran`));
      return true;
    });
    return commandResult(file, args, await ended.promise);
  };

  /** Starts a program that outlives this server. */
  async launch(spec: LaunchSpec): Promise<Launched> {
    const launched = Promise.withResolvers<number | undefined>();
    const ready = Promise.withResolvers<string>();
    const ended = Promise.withResolvers<LaunchedEnd | undefined>();
    ready.promise.catch(() => {}); // told to whoever waits for it
    this.#send({ type: 'launch', ...spec }, reply => {
      if (reply?.type === 'launched') launched.resolve(reply.pid);
      else if (reply?.type === 'ready') ready.resolve(reply.text);
      else {
        const error = new Error(reply ? 'it ended without a word' : 'the launcher ended');
        launched.reject(error);
        ready.reject(error);
        ended.resolve(reply?.type === 'exited' ? endOf(reply) : undefined);
        return true;
      }
      return false;
    });
    const pid = await launched.promise;
    if (pid === undefined) throw new Error(`${spec.file} could not be started`);
    return { pid, ready: ready.promise, ended: ended.promise };
  }

  /** Ends the process; what it launched runs on. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise(resolve => child.once('exit', resolve));
    child.disconnect();
    await ended;
  }

  #send(request: object, onReply: Pending): void {
    const id = this.#nextId++;
    this.#pending.set(id, onReply);
    this.#process().send({ id, ...request }, error => {
      if (error && this.#pending.delete(id)) onReply(undefined);
    });
  }

  #process(): ChildProcess {
    if (this.#child) return this.#child;
    const child = fork(new URL('./launcher-process.mjs', import.meta.url), {
      env: toolEnvironment,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('message', (reply: Reply) => {
      if (this.#pending.get(reply.id)?.(reply)) this.#pending.delete(reply.id);
    });
    const gone = () => {
      if (this.#child !== child) return;
      this.#child = undefined;
      const pending = [...this.#pending.values()];
      this.#pending.clear();
      for (const onReply of pending) onReply(undefined);
    };
    child.once('exit', gone);
    child.once('error', gone);
    this.#child = child;
    return child;
  }
}

/** Takes a reply, or undefined when none will come any more; true when it was the last. */
type Pending = (reply: Reply | undefined) => boolean;

function endOf({ exitCode, lastWords }: LaunchedEnd): LaunchedEnd {
  return { exitCode, lastWords };
}

type Ended = {
  readonly type: 'ended';
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
};

type Reply = { readonly id: number } & (
  | Ended
  | { readonly type: 'launched'; readonly pid: number | undefined }
  | { readonly type: 'ready'; readonly text: string }
  | ({ readonly type: 'exited' } & LaunchedEnd)
);
