import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogStream, LogWriter } from '../../logs/logs.ts';
import { processLimits } from './limits.ts';
import { endGroup, groupsWithEnvironment, signal } from './process-table.ts';
import { exitCodeOf, type GroupLeader } from './spawn.ts';

export interface ProgramEnd {
  readonly exitCode: number;
  readonly exitedAt: Date;
}

/** A process and what it has started, with its output on the way to the log. */
export class Program {
  readonly pid: number;
  /** Settles when the main process has ended; others of the workload may still be there. */
  readonly mainEnded: Promise<ProgramEnd>;
  /** Settles when no process is left and the log is complete. Never rejects. */
  readonly ended: Promise<ProgramEnd>;
  readonly #leader: GroupLeader;
  readonly #log: LogWriter;
  /** A variable that all of its processes have, and no others. */
  readonly #mark: string;
  readonly #isThorough: boolean;
  readonly #deadlines = new Set<NodeJS.Timeout>();
  #isOver = false;

  /** @param isThorough processes that have left the group are looked for also when none has its output */
  constructor(leader: GroupLeader, log: LogWriter, mark: string, isThorough = false) {
    this.#isThorough = isThorough;
    this.pid = leader.pid;
    this.#leader = leader;
    this.#log = log;
    this.#mark = mark;
    const { child } = leader;
    const output = Promise.all([this.#copy('stdout', child.stdout), this.#copy('stderr', child.stderr)]);
    this.mainEnded = this.#untilMainEnds();
    this.ended = this.#untilAllEnds(output);
  }

  get isRunning(): boolean {
    return !this.#isOver;
  }

  /** @returns false when the main process has ended already */
  signal(name: NodeJS.Signals, killAfterMs: number): boolean {
    if (this.#isOver || !signal(this.pid, name)) return false;
    this.#deadlines.add(setTimeout(() => this.kill(), killAfterMs));
    return true;
  }

  /** As `signal`, to its group. */
  signalGroup(name: NodeJS.Signals, killAfterMs: number): boolean {
    if (this.#isOver || !signal(-this.pid, name)) return false;
    this.#deadlines.add(setTimeout(() => this.kill(), killAfterMs));
    return true;
  }

  /** @returns false when the main process has ended already */
  kill(): boolean {
    return !this.#isOver && signal(-this.pid, 'SIGKILL');
  }

  async #untilMainEnds(): Promise<ProgramEnd> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#leader.child.once('exit', (code, name) => resolve(exitCodeOf(code, name)));
    const exitCode = await promise;
    this.#isOver = true;
    for (const deadline of this.#deadlines) clearTimeout(deadline);
    return { exitCode, exitedAt: new Date() };
  }

  async #untilAllEnds(output: Promise<unknown>): Promise<ProgramEnd> {
    const end = await this.mainEnded;
    await endGroup(this.pid);
    if (this.#isThorough) await this.#endMarked();
    await this.#finish(output);
    await this.#log.close().catch(() => undefined);
    return end;
  }

  /** Output that can't be stored is lost: a full disk must not stop the program. */
  async #copy(name: LogStream, output: Readable | null): Promise<void> {
    try {
      for await (const chunk of output ?? [])
        await this.#log.write(name, chunk as Buffer).catch(() => undefined);
    } catch {
      // Destroyed by `#finish`.
    }
  }

  /** Processes that have left the group. */
  async #endMarked(): Promise<void> {
    for (const group of await groupsWithEnvironment(this.#mark)) await endGroup(group);
  }

  async #finish(output: Promise<unknown>): Promise<void> {
    if (await within(processLimits.outputGraceMs, output)) return;
    await this.#endMarked();
    if (await within(processLimits.outputTimeoutMs, output)) return;
    this.#leader.child.stdout?.destroy();
    this.#leader.child.stderr?.destroy();
    await output;
  }
}

async function within(timeoutMs: number, task: Promise<unknown>): Promise<boolean> {
  const stop = new AbortController();
  const late = delay(timeoutMs, false, { signal: stop.signal }).catch(() => false);
  const inTime = await Promise.race([task.then(() => true), late]);
  stop.abort();
  return inTime;
}
