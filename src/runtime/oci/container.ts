import { setTimeout as delay } from 'node:timers/promises';
import { RuntimeError, type StopRequest, type WorkloadExit } from '../runtime.ts';
import type { Bundle, BundleRecord } from './bundle.ts';
import type { Cgroups } from './cgroups.ts';
import { CpuTimeWatch } from './cpu-time.ts';
import { ociLimits } from './limits.ts';
import { meantExitCode, signalMainProcess } from './main-process.ts';
import { programRuns } from './processes.ts';

export interface ContainerState {
  readonly bundle: Bundle;
  readonly record: BundleRecord;
  /** The main process as the host counts it; undefined where it has ended. */
  readonly mainPid: number | undefined;
}

/** A workload whose processes were made: from `create`, or adopted after a restart, to its end. */
export class Container {
  readonly id: string;
  readonly bundle: Bundle;
  readonly record: BundleRecord;
  readonly #mainPid: number | undefined;
  readonly #cgroups: Cgroups;
  readonly #ended = Promise.withResolvers<WorkloadExit>();
  #escalation: NodeJS.Timeout | undefined;
  #cpuTime: CpuTimeWatch | undefined;
  #exit: WorkloadExit | undefined;
  #conclusion: Promise<WorkloadExit> | undefined;

  constructor(state: ContainerState, cgroups: Cgroups) {
    this.id = state.bundle.id;
    this.bundle = state.bundle;
    this.record = state.record;
    this.#mainPid = state.mainPid;
    this.#cgroups = cgroups;
  }

  /** Of its network. @throws {RuntimeError} `not-found` when it has ended */
  get address(): string {
    if (this.#exit !== undefined) throw this.#notRunning();
    return this.record.address.host;
  }

  /** Undefined while it lives. */
  get exit(): WorkloadExit | undefined {
    return this.#exit;
  }

  /** Kills it and waits for its end. */
  async end(): Promise<void> {
    if (this.#exit !== undefined) return;
    await this.#kill();
    const timeout = new AbortController();
    const late = delay(ociLimits.killTimeoutMs, 'late' as const, { signal: timeout.signal });
    const outcome = await Promise.race([this.#ended.promise, late]);
    timeout.abort();
    late.catch(() => {});
    if (outcome === 'late') throw new Error(`workload ${this.id} could not be killed`);
  }

  /** Its program was started; resolves when it runs. */
  async started(): Promise<void> {
    if (this.#mainPid !== undefined) await programRuns(this.#mainPid);
    const { cpuTimeSeconds } = this.record;
    if (cpuTimeSeconds === undefined || this.#cpuTime !== undefined) return;
    this.#cpuTime = new CpuTimeWatch(
      cpuTimeSeconds,
      () => this.#cgroups.cpuNs(this.id),
      () => void this.#kill(),
    );
  }

  /** As the host counts. @throws {RuntimeError} `not-found` when it has ended */
  async mainPid(): Promise<number> {
    const pid = await this.#livingPid();
    if (pid === undefined) throw new RuntimeError('not-found', `workload ${this.id} has ended`);
    return pid;
  }

  /** @returns false when it has ended */
  async stop(request: StopRequest): Promise<boolean> {
    const pid = await this.#livingPid();
    if (pid === undefined) return false;
    if (request.hard || (await this.bundle.awaitsStart())) {
      await this.#signal(pid, 'SIGKILL');
      return true;
    }
    clearTimeout(this.#escalation);
    this.#escalation = setTimeout(() => void this.#kill(), request.timeoutMs).unref();
    await this.#signal(pid, request.signal);
    return true;
  }

  /** Stops it in memory. @throws {RuntimeError} `not-found` when it does not run */
  async pause(): Promise<void> {
    const runs = (await this.#livingPid()) !== undefined && !(await this.bundle.awaitsStart());
    if (!runs || !(await this.#cgroups.setFrozen(this.id, true))) throw this.#notRunning();
  }

  /** @throws {RuntimeError} `not-found` when it does not run */
  async resume(): Promise<void> {
    if (this.#exit !== undefined || !(await this.#cgroups.setFrozen(this.id, false)))
      throw this.#notRunning();
  }

  /** @throws {RuntimeError} `not-found` when it does not run, `conflict` when it has more in use */
  async limitMemory(bytes: number | undefined): Promise<void> {
    const outcome = this.#exit === undefined ? await this.#cgroups.limitMemory(this.id, bytes) : 'no-group';
    if (outcome === 'no-group') throw this.#notRunning();
    if (outcome === 'in-use')
      throw new RuntimeError('conflict', 'the workload has more memory in use than that');
  }

  #notRunning(): RuntimeError {
    return new RuntimeError('not-found', `workload ${this.id} does not run`);
  }

  isPaused(): Promise<boolean> {
    return this.#cgroups.isFrozen(this.id);
  }

  /**
   * Finds out how it ended; call when its conmon is gone. Whatever has outlived a conmon that was killed is
   * ended first.
   */
  conclude(): Promise<WorkloadExit> {
    this.#conclusion ??= this.#conclude().catch(error => {
      this.#conclusion = undefined;
      throw error;
    });
    return this.#conclusion;
  }

  async #conclude(): Promise<WorkloadExit> {
    this.letGo();
    this.#exit = await describeExit(this.bundle, this.#cgroups);
    this.#ended.resolve(this.#exit);
    return this.#exit;
  }

  /** Cancels its timers. */
  letGo(): void {
    clearTimeout(this.#escalation);
    this.#cpuTime?.stop();
  }

  /** The others of a PID namespace end with its first process. */
  async #kill(): Promise<void> {
    const pid = await this.#livingPid();
    if (pid !== undefined) await this.#signal(pid, 'SIGKILL');
  }

  /** Signals do nothing to a paused workload until it goes on, which it does then. */
  async #signal(pid: number, name: NodeJS.Signals): Promise<void> {
    await signalMainProcess(this.bundle, pid, name);
    if (await this.isPaused()) await this.#cgroups.setFrozen(this.id, false);
  }

  /** The main process, if it is still ours: its number may be another's after its end. */
  async #livingPid(): Promise<number | undefined> {
    if (this.#exit !== undefined) return undefined;
    return (await this.#cgroups.processes(this.id)).find(pid => pid === this.#mainPid);
  }
}

/** Ends what is left of a workload without a conmon and tells how it ended. */
async function describeExit(bundle: Bundle, cgroups: Cgroups): Promise<WorkloadExit> {
  const { id } = bundle;
  await cgroups.kill(id);
  const exit = await bundle.exit();
  if (exit === undefined) return { id, exitedAt: new Date(), outOfMemory: false };
  const [substituted, seen, kills] = await Promise.all([
    bundle.substitutedSignal(),
    bundle.sawOutOfMemory(),
    cgroups.outOfMemoryKills(id),
  ]);
  return {
    id,
    exitCode: meantExitCode(exit.exitCode, substituted),
    exitedAt: exit.exitedAt,
    // A program may survive the loss of a child and end well much later.
    outOfMemory: exit.exitCode !== 0 && (seen || kills > 0),
  };
}
