import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { identify, type ProcessIdentity, programRuns, signal } from '../processes.ts';

/** A process that runs beside the main process, and leads a session and a group of its own. */
export class InsideProcess {
  /** As the host counts it. */
  readonly pid: number;
  /** As it is seen inside; 0 where it had ended before anybody could look. */
  readonly innerPid: number;
  readonly #identity: ProcessIdentity | undefined;

  private constructor(pid: number, innerPid: number, identity: ProcessIdentity | undefined) {
    this.pid = pid;
    this.innerPid = innerPid;
    this.#identity = identity;
  }

  /** Looks at a process that the OCI runtime has made; resolves when it runs its program. */
  static async at(pid: number): Promise<InsideProcess> {
    const [identity, inner] = await Promise.all([identify(pid), innerPid(pid), programRuns(pid)]);
    return new InsideProcess(pid, inner, identity);
  }

  /** To itself only. @returns false when it has ended */
  signal(name: NodeJS.Signals | number): boolean {
    return this.#statNow() !== undefined && signal(this.pid, name);
  }

  /** Signals its group and, where it has a terminal, the group in the foreground. @returns false when it has ended */
  signalGroup(name: NodeJS.Signals): boolean {
    const fields = this.#statNow();
    if (fields === undefined) return false;
    const foreground = Number(fields.foreground);
    const groups = new Set([this.pid, ...(foreground > 1 ? [foreground] : [])]);
    for (const group of groups) signal(-group, name);
    // As the kernel does when a terminal is hung up: what is stopped must get to know.
    if (name === 'SIGHUP' && foreground > 1) for (const group of groups) signal(-group, 'SIGCONT');
    return true;
  }

  /** Kills all of its session. @param processes those of the workload, as the host counts them */
  async killSession(processes: () => Promise<readonly number[]>): Promise<void> {
    if (this.#statNow() === undefined) return;
    signal(-this.pid, 'SIGKILL');
    for (const pid of await processes()) {
      if ((await stat(pid))?.session === String(this.pid)) signal(pid, 'SIGKILL');
    }
  }

  /** Undefined where its number is no longer its own. */
  #statNow(): Stat | undefined {
    if (this.#identity === undefined) return undefined;
    try {
      const found = parse(readFileSync(`/proc/${this.pid}/stat`, 'utf8'));
      return found.startTime === this.#identity.startTime ? found : undefined;
    } catch {
      return undefined;
    }
  }
}

interface Stat {
  readonly session: string | undefined;
  /** Group in the foreground of its terminal; -1 without one. */
  readonly foreground: string | undefined;
  readonly startTime: string | undefined;
}

async function stat(pid: number): Promise<Stat | undefined> {
  return readFile(`/proc/${pid}/stat`, 'utf8').then(parse, () => undefined);
}

/** proc_pid_stat(5); the name in parentheses may hold anything, fields count from behind it. */
function parse(text: string): Stat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { session: fields[3], foreground: fields[5], startTime: fields[19] };
}

/** The number that a process has in the innermost PID namespace; 0 when it is gone. */
export async function innerPid(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^NSpid:.*\s(\d+)$/m.exec(status)?.[1] ?? 0);
}
