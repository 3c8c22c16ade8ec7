import type { Unit, UnitDefinition } from './unit.ts';

/** The processes of units: the owner has them run somewhere. Each launch of a unit is a run with an id of its own. */
export interface UnitProcesses<Spec> {
  /**
   * Launches the process of a unit. Where it rejects, nothing of the run is left. The end of a run is told to the
   * supervisor by `exited`, also when it comes before this resolves.
   * @throws {LaunchError} with a text for the user
   */
  start(unit: UnitToLaunch<Spec>, runId: string): Promise<{ readonly pid: number }>;

  /**
   * Resolves when the request is delivered: TERM to the process group and KILL to everything of the run after
   * `timeoutMs`; where `hard`, KILL at once.
   * @returns false when there is nothing to stop
   */
  stop(runId: string, request: { readonly timeoutMs: number; readonly hard: boolean }): Promise<boolean>;

  /** Sends a signal to the main process. @returns false when there is none */
  signal(runId: string, signal: NodeJS.Signals | number): Promise<boolean>;

  /** Waits until something accepts TCP connections there. @returns false when nothing did, or the signal fired */
  portAccepts(
    port: number,
    limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<boolean>;
}

export interface UnitToLaunch<Spec> {
  readonly name: string;
  readonly definition: UnitDefinition<Spec>;
}

/** What must outlive the server. Nothing is seen of a change before these have resolved. */
export interface UnitRecords<Spec> {
  /** Durable. Writes a unit, over the one of its name. */
  save(unit: Unit<Spec>): Promise<void>;
  /** Durable. */
  remove(name: string): Promise<void>;
}
