import type { RestartPolicy, UnitState } from '../unit.ts';

interface ModelDefinition {
  readonly restart: RestartPolicy;
  readonly isMissing: boolean;
  readonly version: number;
}

const initialDelayMs = 1_000;

/** What one unit must do, told in the simplest way: launches and stops take no time, nothing happens at once. */
export class UnitModel {
  definition: ModelDefinition;
  status: UnitState['status'] = 'stopped';
  restartCount = 0;
  launches = 0;
  dueAtMs: number | undefined;
  desired: 'running' | 'stopped' = 'running';
  #nowMs = 0;
  #delayMs = initialDelayMs;
  #launchedAtMs = 0;
  #runs: ModelDefinition | undefined;

  constructor(definition: ModelDefinition) {
    this.definition = definition;
    this.#launch(false);
  }

  put(definition: ModelDefinition): void {
    this.#asked();
    this.definition = definition;
    if (JSON.stringify(this.#runs) === JSON.stringify(definition)) return;
    this.#end();
    this.#launch(false);
  }

  start(): void {
    this.#asked();
    if (this.#runs === undefined) this.#launch(false);
  }

  restart(): void {
    this.#asked();
    this.#end();
    this.#launch(false);
  }

  get canStop(): boolean {
    return this.status !== 'stopped' || this.dueAtMs !== undefined;
  }

  stop(): void {
    this.desired = 'stopped';
    this.#end();
  }

  crash(exitCode: number): void {
    if (this.#runs === undefined) return;
    this.#runs = undefined;
    this.status = exitCode === 0 ? 'stopped' : 'failed';
    if (this.#nowMs - this.#launchedAtMs >= 10_000) this.#delayMs = initialDelayMs;
    this.#retry(exitCode !== 0);
  }

  pass(ms: number): void {
    const endMs = this.#nowMs + ms;
    while (this.dueAtMs !== undefined && this.dueAtMs <= endMs) {
      this.#nowMs = this.dueAtMs;
      this.#launch(true);
    }
    this.#nowMs = endMs;
  }

  /** The server is killed and comes back: pending restarts come after the first delay again. */
  serverRestarts(): void {
    this.#delayMs = initialDelayMs;
    if (this.dueAtMs === undefined) return;
    this.#retry(true);
  }

  #asked(): void {
    this.desired = 'running';
    this.restartCount = 0;
    this.#delayMs = initialDelayMs;
  }

  #end(): void {
    this.#runs = undefined;
    this.status = 'stopped';
    this.dueAtMs = undefined;
  }

  #launch(isAutomatic: boolean): void {
    this.dueAtMs = undefined;
    this.launches++;
    if (isAutomatic) this.restartCount++;
    if (this.definition.isMissing) {
      this.status = 'failed';
      this.#retry(true);
    } else {
      this.status = 'running';
      this.#runs = this.definition;
      this.#launchedAtMs = this.#nowMs;
    }
  }

  #retry(isFailure: boolean): void {
    const { restart } = this.definition;
    if (restart === 'never' || (restart === 'on-failure' && !isFailure)) return;
    this.dueAtMs = this.#nowMs + this.#delayMs;
    this.#delayMs = Math.min(this.#delayMs * 2, 30_000);
  }
}
