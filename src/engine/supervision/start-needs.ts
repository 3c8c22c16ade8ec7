import { exitText } from './exit-text.ts';
import type { SupervisionLimits } from './limits.ts';
import { type NeedsGraph, startLevels, transitiveNeeds } from './needs-graph.ts';
import type { Operation } from './operation.ts';
import type { Run } from './run.ts';
import type { SupervisedUnit } from './supervised-unit.ts';
import { pass, type Time } from './time.ts';
import type { UnitProcesses } from './unit-processes.ts';

export interface StartNeedsParts {
  readonly processes: Pick<UnitProcesses<never>, 'portAccepts'>;
  readonly time: Time;
  readonly limits: SupervisionLimits;
  readonly graph: () => NeedsGraph;
  readonly unit: (name: string) => SupervisedUnit<unknown> | undefined;
}

/** A start that waits. */
interface Dependant {
  readonly name: string;
  readonly operation: Operation;
  /** Needs that it waits for now. */
  readonly waits: Set<string>;
}

/** Starts what units need, before them. */
export class NeedsStarter {
  readonly #parts: StartNeedsParts;
  /** Who waits for whom to start. */
  readonly #waits = new Map<string, Set<string>>();
  /** Starts of the boot that is under way, by unit: none is tried twice in it. */
  #boot: ReadonlyMap<string, Operation> = new Map();

  constructor(parts: StartNeedsParts) {
    this.#parts = parts;
  }

  /** What units are started by now, until the next boot. */
  boots(operations: ReadonlyMap<string, Operation>): void {
    this.#boot = operations;
  }

  /**
   * Starts all that `name` needs and that does not run: level by level, those of one level at the same time.
   * What did start goes on, whatever becomes of the others.
   * @returns why it failed, for the user; undefined also when the operation was given up
   */
  async start(name: string, operation: Operation): Promise<string | undefined> {
    const graph = this.#parts.graph();
    const waits = new Set<string>();
    this.#waits.set(name, waits);
    try {
      for (const level of startLevels(graph, transitiveNeeds(graph, name))) {
        const starts = level.map(need => this.#startNeed({ name, operation, waits }, need));
        const reasons = await unlessAborted(Promise.all(starts), operation.signal);
        if (reasons === undefined) return undefined;
        const failed = reasons.findIndex(reason => reason !== undefined);
        if (failed !== -1) return `dependency "${level[failed]}" did not start: ${reasons[failed]}`;
      }
      return undefined;
    } finally {
      if (this.#waits.get(name) === waits) this.#waits.delete(name);
    }
  }

  /** @returns why it is not up, undefined when it is */
  async #startNeed(dependant: Dependant, name: string): Promise<string | undefined> {
    const { operation, waits } = dependant;
    const need = this.#parts.unit(name);
    if (need === undefined) return 'it is not defined';
    const { run } = need.ledger;
    if (need.ledger.status === 'running' && !need.isBusy && run !== undefined && run.exit === undefined) {
      return this.#whyNotUp(need, run, operation.signal);
    }
    // Definitions can change while a start waits: two could wait for each other.
    if (this.#isWaiting(name, dependant.name)) return `it waits for "${dependant.name}" itself`;
    waits.add(name);
    try {
      const outcome = await this.#startOf(need, operation);
      if (typeof outcome === 'string') return outcome;
      if (outcome.started === undefined) return outcome.error ?? 'it was stopped';
      return await this.#whyNotUp(need, outcome.started, operation.signal);
    } finally {
      waits.delete(name);
    }
  }

  async #startOf(need: SupervisedUnit<unknown>, { cause }: Operation) {
    const { name } = need.ledger.unit;
    const boot = cause === 'boot' ? this.#boot.get(name) : undefined;
    if (boot !== undefined) return boot.outcome;
    // What nobody asked for does not cut short the back-off of others.
    const waits = need.ledger.hasPendingRestart && (cause === 'boot' || cause === 'automatic');
    if (waits) return need.ledger.state.error ?? 'a restart is pending';
    return (await need.start('wanted')).outcome;
  }

  async #whyNotUp(need: SupervisedUnit<unknown>, run: Run, signal: AbortSignal): Promise<string | undefined> {
    const { limits, time, processes } = this.#parts;
    const { port } = need.ledger.unit.definition;
    const isOver = AbortSignal.any([signal, run.exitSignal]);
    if (port === undefined) {
      await pass(time, limits.needsSettleMs - run.ranMs, isOver);
      return run.exit === undefined || run.exit.exitCode === 0 ? undefined : exitText(run.exit.exitCode);
    }
    const timeoutMs = limits.needsTimeoutMs;
    if (run.exit === undefined && (await processes.portAccepts(port, { timeoutMs, signal: isOver }))) {
      return undefined;
    }
    if (run.exit !== undefined) return exitText(run.exit.exitCode);
    return `port ${port} did not accept connections within ${timeoutMs / 1000}s`;
  }

  #isWaiting(from: string, to: string): boolean {
    const waits = this.#waits.get(from);
    return waits !== undefined && (waits.has(to) || [...waits].some(next => this.#isWaiting(next, to)));
  }
}

async function unlessAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return undefined;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const stop = (): void => resolve(undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([result, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
