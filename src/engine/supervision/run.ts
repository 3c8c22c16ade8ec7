import type { SupervisionLimits } from './limits.ts';
import type { Time } from './time.ts';
import type { UnitExit } from './unit.ts';
import type { UnitRun } from './unit-events.ts';
import type { UnitProcesses } from './unit-processes.ts';

export interface RunParts {
  readonly processes: Pick<UnitProcesses<never>, 'stop'>;
  readonly time: Time;
  readonly limits: Pick<SupervisionLimits, 'killRetryMs'>;
  readonly reportFault: (error: unknown) => void;
}

const killedExitCode = 137;

/** One process of a unit, from its launch to its recorded end. */
export class Run implements UnitRun {
  readonly id: string;
  readonly startedAt: Date;
  /** Settles when the process and its children are gone. */
  readonly exited: Promise<UnitExit>;
  readonly ended: Promise<UnitExit>;
  readonly #parts: RunParts;
  #pid = 0;
  #launchedAtMs: number;
  readonly #exited = Promise.withResolvers<UnitExit>();
  readonly #exitSignal = new AbortController();
  readonly #ended = Promise.withResolvers<UnitExit>();
  #exit: UnitExit | undefined;
  #stop: { deadlineMs: number; killAfter: (timeoutMs: number) => void } | undefined;

  /** @param startedAt when it was launched; it may be one of before a restart of the server */
  constructor(id: string, startedAt: Date, parts: RunParts) {
    this.id = id;
    this.startedAt = startedAt;
    this.#parts = parts;
    this.#launchedAtMs =
      parts.time.elapsedMs() - Math.max(0, parts.time.now().getTime() - startedAt.getTime());
    this.exited = this.#exited.promise;
    this.ended = this.#ended.promise;
  }

  get pid(): number {
    return this.#pid;
  }

  /** Its process runs since just now. */
  launched(pid: number): void {
    this.#pid = pid;
    this.#launchedAtMs = this.#parts.time.elapsedMs();
  }

  /** Its process has run since `startedAt`. */
  adopted(pid: number): void {
    this.#pid = pid;
  }

  /** How it ended, as soon as that is known. */
  get exit(): UnitExit | undefined {
    return this.#exit;
  }

  /** Fires when the process is gone. */
  get exitSignal(): AbortSignal {
    return this.#exitSignal.signal;
  }

  /** For how long it has run, or ran; ms. */
  get ranMs(): number {
    const sinceExitMs = this.#exit
      ? Math.max(0, this.#parts.time.now().getTime() - this.#exit.exitedAt.getTime())
      : 0;
    return Math.max(0, this.#parts.time.elapsedMs() - this.#launchedAtMs - sinceExitMs);
  }

  /** The process is gone. Only the first call counts. */
  exitedWith(exit: UnitExit): void {
    this.#exit ??= exit;
    this.#exited.resolve(this.#exit);
    this.#exitSignal.abort();
  }

  /** Its end is recorded. */
  end(): void {
    if (this.#exit !== undefined) this.#ended.resolve(this.#exit);
  }

  /**
   * TERM now, and KILL to everything of it after the time; resolves when it is gone. Call once.
   * @param killed called at most once, when the time was over
   */
  async stop(timeoutMs: number, killed: (timeoutMs: number) => void): Promise<UnitExit> {
    const { time, limits } = this.#parts;
    const begunAtMs = time.elapsedMs();
    let takeBack = (): void => {};
    let killedAfterMs: number | undefined;
    const kill = (limitMs: number): void => {
      if (killedAfterMs === undefined) killed(limitMs);
      killedAfterMs ??= limitMs;
      this.#deliver({ timeoutMs: 0, hard: true });
      takeBack = time.after(limits.killRetryMs, () => kill(limitMs));
    };
    const killAfter = (limitMs: number): void => {
      takeBack();
      takeBack = time.after(limitMs, () => kill(limitMs));
    };
    this.#stop = { deadlineMs: begunAtMs + timeoutMs, killAfter };
    if (this.#exit === undefined) {
      killAfter(timeoutMs);
      this.#deliver({ timeoutMs, hard: false });
    }
    const exit = await this.exited;
    takeBack();
    this.#stop = undefined;
    // Whoever runs it keeps the time, too, and may have been first.
    const isOver = time.elapsedMs() - begunAtMs >= timeoutMs;
    if (killedAfterMs === undefined && isOver && exit.exitCode === killedExitCode) killed(timeoutMs);
    return exit;
  }

  /** Another stop is asked for while one is under way: the shorter patience counts. */
  hasten(timeoutMs: number): void {
    const stop = this.#stop;
    const deadlineMs = this.#parts.time.elapsedMs() + timeoutMs;
    if (stop === undefined || deadlineMs >= stop.deadlineMs) return;
    stop.deadlineMs = deadlineMs;
    stop.killAfter(timeoutMs);
  }

  #deliver(request: { timeoutMs: number; hard: boolean }): void {
    this.#parts.processes.stop(this.id, request).catch(this.#parts.reportFault);
  }
}
