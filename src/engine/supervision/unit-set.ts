import { AsyncQueue } from '../../lib/async-queue.ts';
import { randomId } from '../../lib/ids.ts';
import type { SupervisionLimits } from './limits.ts';
import type { NeedsGraph } from './needs-graph.ts';
import type { Operation } from './operation.ts';
import { Procedures } from './procedures.ts';
import { SupervisedUnit } from './supervised-unit.ts';
import { unknownUnit } from './supervision-error.ts';
import type { Time } from './time.ts';
import type { Unit } from './unit.ts';
import type { UnitFeedEvent } from './unit-events.ts';
import { UnitLedger } from './unit-ledger.ts';
import type { UnitProcesses, UnitRecords } from './unit-processes.ts';

export interface SupervisorParts<Spec> {
  readonly processes: UnitProcesses<Spec>;
  readonly records: UnitRecords<Spec>;
  readonly limits: SupervisionLimits;
  readonly time?: Time;
  /** An id for each launch: a DNS label, never given twice. */
  readonly newRunId?: () => string;
  /** Takes a failure of Berth itself; returns the id under which the server's log has it. */
  readonly reportFault: (unitName: string, error: unknown) => string;
}

export interface UnitSetContext {
  readonly time: Time;
  readonly startNeeds: (name: string, operation: Operation) => Promise<string | undefined>;
  readonly isHalted: () => boolean;
}

/** The units of a supervisor, and who looks at them. */
export class UnitSet<Spec> {
  readonly #parts: SupervisorParts<Spec>;
  readonly #context: UnitSetContext;
  readonly #units = new Map<string, SupervisedUnit<Spec>>();
  readonly #feeds = new Map<string, Set<AsyncQueue<UnitFeedEvent>>>();
  readonly #listeners = new Set<(name: string) => void>();

  constructor(parts: SupervisorParts<Spec>, context: UnitSetContext) {
    this.#parts = parts;
    this.#context = context;
  }

  /** By name. */
  all(): SupervisedUnit<Spec>[] {
    return [...this.#units.keys()].sort().flatMap(name => this.#units.get(name) ?? []);
  }

  get(name: string): SupervisedUnit<Spec> | undefined {
    return this.#units.get(name);
  }

  /** @throws {SupervisionError} `unknown-unit` */
  known(name: string): SupervisedUnit<Spec> {
    const unit = this.#units.get(name);
    if (unit === undefined) throw unknownUnit(name);
    return unit;
  }

  /** @throws {SupervisionError} `unknown-unit`, also when it is being removed */
  lasting(name: string): SupervisedUnit<Spec> {
    const unit = this.known(name);
    if (unit.removal !== undefined) throw unknownUnit(name);
    return unit;
  }

  graph(): NeedsGraph {
    return new Map([...this.#units].map(([name, { ledger }]) => [name, ledger.unit.definition.needs]));
  }

  add(unit: Unit<Spec>): SupervisedUnit<Spec> {
    const added = this.#supervise(unit);
    this.#units.set(unit.name, added);
    this.#changed(unit.name);
    return added;
  }

  onChange(listener: (name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  subscribe(name: string, signal: AbortSignal): AsyncIterable<UnitFeedEvent> {
    const feed = new AsyncQueue<UnitFeedEvent>();
    const feeds = this.#feeds.get(name) ?? new Set();
    this.#feeds.set(name, feeds.add(feed));
    const end = (): void => {
      feed.abort();
      feeds.delete(feed);
      if (feeds.size === 0 && this.#feeds.get(name) === feeds) this.#feeds.delete(name);
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    return feed;
  }

  #changed(name: string): void {
    for (const listener of this.#listeners) listener(name);
  }

  #supervise(unit: Unit<Spec>): SupervisedUnit<Spec> {
    const { name } = unit;
    const { processes, records, limits, newRunId = randomId } = this.#parts;
    const { time, isHalted, startNeeds } = this.#context;
    const reportFault = (error: unknown): string => this.#parts.reportFault(name, error);
    const changed = (): void => this.#changed(name);
    const erased = (): void => void this.#units.delete(name);
    const tell = (event: UnitFeedEvent): void => {
      for (const feed of this.#feeds.get(name) ?? []) feed.push(event);
    };
    const ledger = new UnitLedger(unit, { records, time, limits, reportFault, changed, erased });
    const procedures = new Procedures(ledger, {
      processes,
      time,
      limits,
      newRunId,
      reportFault,
      isHalted,
      tell,
      startNeeds: operation => startNeeds(name, operation),
      restartIsDue: () => supervised.restartIsDue(),
    });
    const supervised = new SupervisedUnit(ledger, procedures);
    return supervised;
  }
}
