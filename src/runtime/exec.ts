import type { Readable, Writable } from 'node:stream';

/** A further process to run inside a workload. */
export interface ExecSpec {
  /** Arguments, the program first; looked up in its PATH where it has no slash. */
  readonly command: readonly string[];
  /** Laid over the environment of the workload's main process. */
  readonly env?: Readonly<Record<string, string>>;
  /** `env` is all that it gets. */
  readonly replaceEnv?: boolean;
  /** Absolute; that of the main process when absent. */
  readonly workingDirectory?: string;
  /** The user of the main process when absent. Without isolation always the server's own. */
  readonly user?: 'root';
  /** A terminal in place of pipes: everything comes on the standard output, the standard error ends at once. */
  readonly tty?: TerminalSize;
}

/** Both 1..65535. */
export interface TerminalSize {
  readonly rows: number;
  readonly cols: number;
}

export interface ExecProcess {
  /** As seen inside; 0 where it had ended before anybody could look. */
  readonly pid: number;
  readonly stdin: Writable;
  /** While nobody reads the program waits. Both outputs are to be read to their end, or destroyed. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Goes to its process group, and where it has a terminal to the group in the foreground, too. SIGKILL goes to
   * all of its session.
   */
  kill(signal: NodeJS.Signals): void;
  /** Does nothing without a terminal. */
  resize(size: TerminalSize): void;
  /**
   * 128 + n after signal n. Settles when the process has ended and all of its outputs was taken by their reader. What
   * processes that it has left in the background write is not waited for.
   */
  readonly exited: Promise<{ readonly exitCode: number }>;
}
