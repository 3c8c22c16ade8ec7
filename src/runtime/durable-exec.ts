import type { ExecSpec, Runtime, StopRequest } from './runtime.ts';

/**
 * Optional ability: further processes that run on without the server where their workload does. Each has a group of
 * its own and a log. An end is told when none of its processes is left, children of any kind included, and its
 * log is complete.
 */
export interface DurableExec {
  /**
   * Resolves when it runs. What a server that was killed meanwhile has begun is whole or gone.
   * @throws {RuntimeError} `start-error` with a reason where there is one; `not-found` when the workload does not
   *   run; `conflict` when it is paused, there is a process with that id, or another process writes that log
   */
  startProcess(workloadId: string, spec: DurableProcessSpec): Promise<{ readonly pid: number }>;
  /**
   * Signals its group; after `timeoutMs`, or at once with `hard`, all of its processes are killed. Resolves when
   * the request was delivered.
   * @returns false when it does not run
   */
  stopProcess(workloadId: string, processId: string, request: StopRequest): Promise<boolean>;
  /** To its main process only; a number, 1..64, for signals without a name. @returns false when it does not run */
  signalProcess(workloadId: string, processId: string, signal: NodeJS.Signals | number): Promise<boolean>;
  /** All that were started in a workload and not forgotten, also by an earlier server. */
  processes(workloadId: string): Promise<DurableProcess[]>;
  /** Removes its traces but the log. Idempotent. @throws {RuntimeError} `conflict` while it runs */
  forgetProcess(workloadId: string, processId: string): Promise<void>;
}

export type DurableProcessSpec = Omit<ExecSpec, 'tty'> & {
  /** A DNS label that no other process of the workload has that was not forgotten. */
  readonly id: string;
  /** Where its output goes; made where it is missing. One process at a time writes a log. */
  readonly logId: string;
};

export type DurableProcess = {
  readonly id: string;
  readonly logId: string;
  readonly startedAt: Date;
} & (
  | { readonly state: 'running'; readonly pid: number }
  | ({ readonly state: 'exited' } & Omit<ProcessExit, 'processId'>)
);

export interface ProcessExit {
  readonly processId: string;
  /** 128 + n after signal n; absent when nobody saw the end. */
  readonly exitCode?: number;
  readonly exitedAt: Date;
}

export function hasDurableExec(runtime: Runtime): runtime is Runtime & DurableExec {
  return 'startProcess' in runtime;
}
