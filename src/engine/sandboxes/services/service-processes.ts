import type { Logs } from '../../../logs/logs.ts';
import {
  type DurableExec,
  type DurableProcessSpec,
  type Runtime,
  RuntimeError,
  type WorkloadAccount,
  type WorkloadAddress,
} from '../../../runtime/runtime.ts';
import type { SandboxServiceDefinition } from '../../../store/store.ts';
import { LaunchError, type UnitProcesses, type UnitToLaunch } from '../../supervision/index.ts';
import { absoluteIn } from '../layout.ts';
import { portAccepts } from './accepting-port.ts';
import type { ServiceRuns } from './service-runs.ts';

export interface ServiceProcessesParts {
  readonly runtime: Runtime & DurableExec;
  readonly logs: Logs;
  readonly account: WorkloadAccount;
  readonly runs: ServiceRuns;
  readonly idOf: (name: string) => string;
  readonly addressOf: (workloadId: string) => WorkloadAddress | undefined;
}

/** Processes of services in the workload that their sandbox has at the moment. */
export class ServiceProcesses implements UnitProcesses<SandboxServiceDefinition> {
  readonly #parts: ServiceProcessesParts;
  /** Of the boot that is live; absent while there is none. */
  workloadId: string | undefined;

  constructor(parts: ServiceProcessesParts) {
    this.#parts = parts;
  }

  async start(
    { name, definition }: UnitToLaunch<SandboxServiceDefinition>,
    runId: string,
  ): Promise<{ readonly pid: number }> {
    const { runtime, logs, runs, idOf } = this.#parts;
    const { workloadId } = this;
    if (workloadId === undefined) throw new LaunchError('the sandbox has ended');
    const serviceId = idOf(name);
    const run = runs.add(name, serviceId, runId, await logs.end(serviceId));
    try {
      return await runtime.startProcess(workloadId, this.#spec(definition.spec, serviceId, runId));
    } catch (error) {
      const told = toldToUser(error);
      await logs.note(serviceId, told?.message ?? 'the service could not be started').catch(() => {});
      await run.over(logs);
      throw told ?? error;
    }
  }

  async stop(runId: string, { timeoutMs, hard }: { timeoutMs: number; hard: boolean }): Promise<boolean> {
    if (this.workloadId === undefined) return false;
    const { runtime, runs, logs } = this.#parts;
    await runs.get(runId)?.stops(logs);
    const request = hard ? ({ hard } as const) : ({ hard, signal: 'SIGTERM', timeoutMs } as const);
    return runtime.stopProcess(this.workloadId, runId, request);
  }

  async signal(runId: string, signal: NodeJS.Signals | number): Promise<boolean> {
    if (this.workloadId === undefined) return false;
    return this.#parts.runtime.signalProcess(this.workloadId, runId, signal);
  }

  async portAccepts(
    port: number,
    limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const { workloadId } = this;
    if (workloadId === undefined) return false;
    const { runtime, addressOf } = this.#parts;
    return portAccepts({ runtime, workloadId, address: addressOf(workloadId), port, ...limits });
  }

  #spec(definition: SandboxServiceDefinition, logId: string, id: string): DurableProcessSpec {
    const { command, env, directory = '' } = definition;
    const workingDirectory = absoluteIn(this.#parts.account.home, directory);
    return { id, logId, command, workingDirectory, ...(env && { env }) };
  }
}

/** What a user may read of why a process was not started. */
function toldToUser(error: unknown): LaunchError | undefined {
  if (!(error instanceof RuntimeError)) return undefined;
  return new LaunchError(error.message, { cause: error });
}
