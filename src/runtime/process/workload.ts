import type { Logs } from '../../logs/logs.ts';
import {
  type ExecProcess,
  type ExecSpec,
  RuntimeError,
  type StopRequest,
  type WorkloadAddress,
  type WorkloadExit,
  type WorkloadSpec,
} from '../runtime.ts';
import { programEnvironment } from './environment.ts';
import { execProcess } from './exec.ts';
import type { PortLease } from './ports.ts';
import { startTimeOf } from './process-table.ts';
import { Program } from './program.ts';
import { spawnLeader } from './spawn.ts';
import type { WorkloadFolder, WorkloadPhase } from './workload-folder.ts';

interface WorkloadParts {
  readonly spec: WorkloadSpec;
  readonly folder: WorkloadFolder;
  readonly lease: PortLease;
  readonly address: WorkloadAddress;
  readonly logs: Logs;
}

/** One workload from its creation to its removal. */
export class Workload {
  readonly address: WorkloadAddress;
  readonly folder: WorkloadFolder;
  readonly lease: PortLease;
  readonly #parts: WorkloadParts;
  readonly #env: Record<string, string>;
  readonly #sessions = new Set<ExecProcess>();
  #started: Promise<void> | undefined;
  #program: Program | undefined;
  #ended: Promise<WorkloadExit> | undefined;

  constructor(parts: WorkloadParts) {
    this.address = parts.address;
    this.folder = parts.folder;
    this.lease = parts.lease;
    this.#parts = parts;
    this.#env = programEnvironment(parts.spec, parts.folder, parts.address);
  }

  /** The group of its processes, while it runs. */
  get group(): number | undefined {
    return this.#program?.pid;
  }

  async write(phase: WorkloadPhase): Promise<void> {
    const { spec, address } = this.#parts;
    await this.folder.write({ spec, address, ...phase });
  }

  /** Runs the program; `onExit` is called once, when no process is left and the log is complete. */
  start(onExit: (exit: WorkloadExit) => void): Promise<void> {
    if (this.#started !== undefined)
      throw new RuntimeError('start-error', 'the workload was started already');
    this.#started = this.#start(onExit);
    return this.#started;
  }

  async #start(onExit: (exit: WorkloadExit) => void): Promise<void> {
    const { spec, folder, lease, logs } = this.#parts;
    await this.write({ phase: 'starting' });
    await lease.handOver();
    const leader = await spawnLeader(spec.command ?? spec.image.config.command, {
      cwd: spec.directory ?? folder.home,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const program = new Program(leader, logs.writer(spec.id), workloadMark(folder));
    this.#program = program;
    const isNoted = this.#noteRunning(leader.pid);
    this.#ended = this.#conclude(program, isNoted);
    void this.#ended.then(onExit);
    await isNoted;
  }

  async #noteRunning(pid: number): Promise<void> {
    const startTime = await startTimeOf(pid);
    if (startTime !== undefined) await this.write({ phase: 'running', pid, startTime });
  }

  /** @returns false when there was nothing to stop */
  async stop(request: StopRequest): Promise<boolean> {
    await this.#startedOrFailed();
    if (this.#program === undefined) return false;
    return request.hard ? this.#program.kill() : this.#program.signal(request.signal, request.timeoutMs);
  }

  /** Ends it where it runs; resolves when no process is left and its end is on record. */
  async end(request: StopRequest): Promise<void> {
    await this.stop(request);
    await this.#ended;
  }

  async exec(spec: ExecSpec): Promise<ExecProcess> {
    if (!this.#program?.isRunning) throw new RuntimeError('not-found', 'the workload does not run');
    const leader = await spawnLeader(spec.command, {
      cwd: spec.workingDirectory ?? this.#parts.spec.directory ?? this.folder.home,
      env: { ...this.#env, ...spec.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const session = execProcess(leader);
    this.#sessions.add(session);
    void session.exited.then(() => this.#sessions.delete(session));
    if (!this.#program.isRunning) session.kill('SIGKILL');
    return session;
  }

  async #conclude(program: Program, isNoted: Promise<void>): Promise<WorkloadExit> {
    const { id } = this.#parts.spec;
    // A program that a restart could not find must not run.
    await isNoted.catch(() => program.kill());
    await program.mainEnded;
    for (const session of this.#sessions) session.kill('SIGKILL');
    const { exitCode, exitedAt } = await program.ended;
    // Where the disk is full the exit is still told; a restart would only find it without its code.
    await this.write({ phase: 'exited', exitCode, exitedAt: exitedAt.toISOString() }).catch(() => undefined);
    return { id, exitCode, exitedAt, outOfMemory: false };
  }

  async #startedOrFailed(): Promise<void> {
    await this.#started?.catch(() => undefined);
  }
}

/** A variable that every process of a workload has, unless it took it away. */
export function workloadMark(folder: WorkloadFolder): string {
  return `TMPDIR=${folder.temporary}`;
}
