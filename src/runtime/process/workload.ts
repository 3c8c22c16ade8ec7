import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { listeningSockets, SocketOwners } from '../../lib/listening-sockets.ts';
import { Lineages } from '../../lib/process-lineage.ts';
import type { Logs } from '../../logs/logs.ts';
import {
  type DurableProcessSpec,
  type ExecProcess,
  type ExecSpec,
  type ListeningPort,
  type ProcessExit,
  RuntimeError,
  type StopRequest,
  type WorkloadAddress,
  type WorkloadExit,
  type WorkloadSpec,
} from '../runtime.ts';
import { DurableProcesses } from './durable-processes.ts';
import { programEnvironment } from './environment.ts';
import { execProcess } from './exec.ts';
import { execInTerminal } from './exec-terminal.ts';
import type { PortLease } from './ports.ts';
import { endGroup, groupsWithEnvironment, processesOf, setStopped, startTimeOf } from './process-table.ts';
import { Program } from './program.ts';
import { checkCommand, checkDirectory, spawnLeader } from './spawn.ts';
import type { WorkloadFolder, WorkloadPhase } from './workload-folder.ts';

interface WorkloadParts {
  readonly spec: WorkloadSpec;
  readonly folder: WorkloadFolder;
  readonly lease: PortLease;
  readonly address: WorkloadAddress;
  readonly logs: Logs;
  /** Folder of its persistent root. */
  readonly root?: string;
  readonly tellProcessExit: (workloadId: string, exit: ProcessExit) => void;
}

/** The main process of idle workloads; what has lost its parent is reaped by the machine. */
const idleCommand: readonly string[] = ['tail', '-f', '/dev/null'];

/** One workload from its creation to its removal. */
export class Workload {
  readonly address: WorkloadAddress;
  readonly folder: WorkloadFolder;
  readonly lease: PortLease;
  readonly #parts: WorkloadParts;
  readonly #env: Record<string, string>;
  readonly durable: DurableProcesses;
  readonly #sessions = new Set<ExecProcess>();
  readonly #socketOwners = new SocketOwners();
  #started: Promise<void> | undefined;
  #program: Program | undefined;
  #ended: Promise<WorkloadExit> | undefined;
  #hasEnded = false;
  #isPaused = false;
  #hadSessions = false;

  constructor(parts: WorkloadParts) {
    this.address = parts.address;
    this.folder = parts.folder;
    this.lease = parts.lease;
    this.#parts = parts;
    const { logs, folder, spec, tellProcessExit } = parts;
    const tell = (exit: ProcessExit) => tellProcessExit(spec.id, exit);
    this.durable = new DurableProcesses({ folder: folder.processes, logs, tell });
    this.#env = programEnvironment(parts.spec, { ...parts, home: this.#home });
  }

  /** Name of its persistent root. */
  get root(): string | undefined {
    return this.#parts.spec.root;
  }

  /** Folder of its files. */
  get rootPath(): string {
    return this.#parts.root ?? this.folder.home;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** On a persistent root its account's home folder in it, or all of it. */
  get #home(): string {
    const { root, spec, folder } = this.#parts;
    return root === undefined ? folder.home : join(root, spec.account?.home ?? '/');
  }

  /** The group of its processes, while it runs. */
  get group(): number | undefined {
    return this.#program?.pid;
  }

  /** TCP ports of its processes; none where there is no /proc. @throws {RuntimeError} `not-found` */
  async listeningPorts(): Promise<ListeningPort[]> {
    const { group } = this;
    if (group === undefined || !this.#program?.isRunning) {
      throw new RuntimeError('not-found', 'the workload does not run');
    }
    const sockets = await listeningSockets('/proc/self');
    const sessions = [...this.#sessions].map(({ pid }) => pid);
    const groups = [group, ...sessions, ...this.durable.groups()];
    await this.#socketOwners.refresh();
    const owners = await this.#socketOwners.find(new Set(sockets.map(({ inode }) => inode)), () =>
      processesOf(groups, workloadMark(this.folder)),
    );
    const lineages = new Lineages();
    const ports = sockets.map(async ({ port, address, inode }) => {
      const pid = owners.get(inode);
      return pid === undefined ? [] : [{ port, address, pid, lineage: await lineages.of(pid) }];
    });
    return (await Promise.all(ports)).flat();
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
    await mkdir(this.#home, { recursive: true });
    const command = spec.idle ? idleCommand : (spec.command ?? spec.image.config.command);
    const leader = await spawnLeader(command, {
      cwd: spec.directory ?? this.#home,
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
    const { hard } = request;
    const told = hard ? this.#program.kill() : this.#program.signal(request.signal, request.timeoutMs);
    // Signals do nothing to a paused program until it goes on.
    if (this.#isPaused) await this.#setStopped(false);
    return told;
  }

  /** Stops all of its processes in memory. @throws {RuntimeError} `not-found` when it does not run */
  async pause(): Promise<void> {
    if (!this.#program?.isRunning) throw new RuntimeError('not-found', 'the workload does not run');
    await this.#setStopped(true);
  }

  /** @throws {RuntimeError} `not-found` when it does not run */
  async resume(): Promise<void> {
    if (!this.#program?.isRunning) throw new RuntimeError('not-found', 'the workload does not run');
    await this.#setStopped(false);
  }

  async #setStopped(stopped: boolean): Promise<void> {
    const { group } = this;
    if (group === undefined) return;
    this.#isPaused = stopped;
    const sessions = [...this.#sessions].map(({ pid }) => pid);
    const groups = [group, ...sessions, ...this.durable.groups()];
    await setStopped(stopped, groups, workloadMark(this.folder));
  }

  /** Ends it where it runs; resolves when no process is left and its end is on record. */
  async end(request: StopRequest): Promise<void> {
    await this.stop(request);
    await this.#ended;
  }

  async exec(spec: ExecSpec): Promise<ExecProcess> {
    this.#mustExecute();
    const session = await this.#session(spec);
    this.#hadSessions = true;
    this.#sessions.add(session);
    void session.exited.then(() => this.#sessions.delete(session));
    if (!this.#program?.isRunning) session.kill('SIGKILL');
    return session;
  }

  /** @throws {RuntimeError} as `DurableExec.startProcess` */
  async startProcess(spec: DurableProcessSpec): Promise<{ pid: number }> {
    this.#mustExecute();
    this.#hadSessions = true;
    const [cwd, env] = [this.#directory(spec.workingDirectory), this.#execEnvironment(spec)];
    const started = await this.durable.start(spec, { cwd, env });
    if (!this.#program?.isRunning) this.durable.stop(spec.id, { hard: true });
    return started;
  }

  #mustExecute(): void {
    if (!this.#program?.isRunning) throw new RuntimeError('not-found', 'the workload does not run');
    if (this.#isPaused) throw new RuntimeError('conflict', 'the workload is paused');
  }

  async #session(spec: ExecSpec): Promise<ExecProcess> {
    const { command } = spec;
    const [cwd, env] = [this.#directory(spec.workingDirectory), this.#execEnvironment(spec)];
    if (spec.tty === undefined) {
      return execProcess(await spawnLeader(command, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] }));
    }
    await checkDirectory(cwd);
    await checkCommand(command, { cwd, path: env.PATH });
    return execInTerminal({ command, cwd, env, size: spec.tty });
  }

  /** Where a further process begins: on a persistent root its paths are those in it. */
  #directory(path: string | undefined): string {
    const { root, spec } = this.#parts;
    if (path === undefined) return spec.directory ?? this.#home;
    if (!path.startsWith('/')) {
      throw new RuntimeError('start-error', `the working directory "${path}" is not an absolute path`, {
        reason: 'bad-directory',
      });
    }
    return root === undefined ? path : join(root, path);
  }

  /** TMPDIR marks what belongs to the workload; the home of its account is where it is on this machine. */
  #execEnvironment({ env = {}, replaceEnv }: ExecSpec): Record<string, string> {
    const { account } = this.#parts.spec;
    const base = replaceEnv ? { HOME: this.#home } : this.#env;
    const all = { ...base, ...env, TMPDIR: this.folder.temporary };
    return env.HOME !== undefined && env.HOME === account?.home ? { ...all, HOME: this.#home } : all;
  }

  async #conclude(program: Program, isNoted: Promise<void>): Promise<WorkloadExit> {
    const { id } = this.#parts.spec;
    // A program that a restart could not find must not run.
    await isNoted.catch(() => program.kill());
    await program.mainEnded;
    for (const session of this.#sessions) session.kill('SIGKILL');
    await this.durable.end();
    if (this.#hadSessions) await this.#endMarked();
    const { exitCode, exitedAt } = await program.ended;
    this.#hasEnded = true;
    // Where the disk is full the exit is still told; a restart would only find it without its code.
    await this.write({ phase: 'exited', exitCode, exitedAt: exitedAt.toISOString() }).catch(() => undefined);
    return { id, exitCode, exitedAt, outOfMemory: false };
  }

  /** What sessions have left in the background. */
  async #endMarked(): Promise<void> {
    for (const group of await groupsWithEnvironment(workloadMark(this.folder))) await endGroup(group);
  }

  async #startedOrFailed(): Promise<void> {
    await this.#started?.catch(() => undefined);
  }
}

/** A variable that every process of a workload has, unless it took it away. */
export function workloadMark(folder: WorkloadFolder): string {
  return `TMPDIR=${folder.temporary}`;
}
