import { closeSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Both 1..65535. */
export interface WindowSize {
  readonly rows: number;
  readonly cols: number;
}

/** A process that leads a session with a terminal. */
export interface TerminalProcess {
  readonly pid: number;
  /** The terminal's own side, open and non-blocking; whoever gets it closes it. */
  readonly master: number;
  /** Path of the side that programs have. */
  readonly path: string;
}

/**
 * The system calls of terminals that Node lacks. The package's own classes are not used: they end a terminal 200 ms
 * after its program, with whatever was not read by then.
 */
interface Native {
  open(cols: number, rows: number): { master: number; slave: number; pty: string };
  resize(master: number, cols: number, rows: number): void;
  fork(
    file: string,
    args: readonly string[],
    env: readonly string[],
    cwd: string,
    cols: number,
    rows: number,
    uid: number,
    gid: number,
    utf8: boolean,
    spawnHelper: string,
    onExit: (code: number, signal: number) => void,
  ): { fd: number; pid: number; pty: string };
}

const require = createRequire(import.meta.url);
let loaded: Native | undefined;

/** @throws {Error} on machines for which there is none */
function native(): Native {
  loaded ??= require(`@lydell/node-pty-${process.platform}-${process.arch}/pty.node`) as Native;
  return loaded;
}

/** A terminal that no program has as its own: it only keeps the size of a window. */
export class Window {
  readonly path: string;
  readonly #master: number;
  readonly #slave: number;
  #isOpen = true;

  constructor({ rows, cols }: WindowSize) {
    const { master, slave, pty } = native().open(cols, rows);
    this.#master = master;
    this.#slave = slave;
    this.path = pty;
  }

  resize({ rows, cols }: WindowSize): void {
    if (this.#isOpen) native().resize(this.#master, cols, rows);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#master);
    closeSync(this.#slave);
  }
}

export function resizeTerminal(master: number, { rows, cols }: WindowSize): void {
  native().resize(master, cols, rows);
}

/** Runs a program in a terminal of its own. @param onExit called once; a signal of 0 is none */
export function spawnInTerminal(
  command: readonly string[],
  options: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly size: WindowSize;
  },
  onExit: (code: number, signal: number) => void,
): TerminalProcess {
  const [file = '', ...args] = command;
  const { cwd, size } = options;
  const env = Object.entries(options.env).map(([name, value]) => `${name}=${value}`);
  const { fd, pid, pty } = native().fork(
    file,
    args,
    env,
    cwd,
    size.cols,
    size.rows,
    -1,
    -1,
    true,
    spawnHelper(),
    onExit,
  );
  return { pid, master: fd, path: pty };
}

/** A program of the package that macOS needs. */
function spawnHelper(): string {
  if (process.platform !== 'darwin') return '';
  return require.resolve(`@lydell/node-pty-darwin-${process.arch}/spawn-helper`);
}
