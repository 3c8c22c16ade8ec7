import { type DefinitionCheck, Definitions } from './definitions.ts';
import { directDependants, startLevels, transitiveDependants } from './needs-graph.ts';
import type { Operation } from './operation.ts';
import { PausableTime } from './pausable-time.ts';
import { driveOn, type FoundRun, takeUpRun } from './recovery.ts';
import { NeedsStarter } from './start-needs.ts';
import type { SupervisedUnit } from './supervised-unit.ts';
import { quoted, SupervisionError } from './supervision-error.ts';
import { systemTime } from './time.ts';
import type { Unit, UnitDefinition, UnitExit, UnitState } from './unit.ts';
import type { UnitEvent, UnitFeedEvent } from './unit-events.ts';
import { type SupervisorParts, UnitSet } from './unit-set.ts';

/** A request that is under way; it goes on whether anybody looks at it or not. */
export interface UnitRequest {
  /** Its moments from the first one on, for any number of readers; ends when it is done or the signal fires. */
  events(signal?: AbortSignal): AsyncIterable<UnitEvent>;
  /** Settles when it is done; the text says why a start failed. Stays open where the server stops before. */
  readonly outcome: Promise<{ readonly error?: string | undefined }>;
}

/**
 * The units of one workload: processes with definitions, needs and restart policies. Requests of one unit are
 * carried out one after the other; those that return a `UnitRequest` resolve when the wish is recorded.
 *
 * Nothing is started before `boot` or `recover`.
 */
export class Supervisor<Spec> {
  readonly #parts: SupervisorParts<Spec>;
  readonly #time: PausableTime;
  readonly #units: UnitSet<Spec>;
  readonly #definitions: Definitions<Spec>;
  readonly #needs: NeedsStarter;
  #isHalted = true;
  #isClosed = false;

  /** @param units as they were recorded last */
  constructor(parts: SupervisorParts<Spec>, units: readonly Unit<Spec>[]) {
    const time = new PausableTime(parts.time ?? systemTime);
    const needs = new NeedsStarter({
      processes: parts.processes,
      limits: parts.limits,
      time,
      graph: () => this.#units.graph(),
      unit: name => this.#units.get(name) as SupervisedUnit<unknown> | undefined,
    });
    this.#parts = parts;
    this.#time = time;
    this.#needs = needs;
    this.#units = new UnitSet(parts, {
      time,
      startNeeds: (name, operation) => needs.start(name, operation),
      isHalted: () => this.#isHalted,
    });
    this.#definitions = new Definitions(this.#units, parts.records, parts.limits.stopTimeoutMs);
    for (const unit of units) this.#units.add(unit);
  }

  // --- Looking -----------------------------------------------------------------------------------------------

  /** By name. */
  units(): Unit<Spec>[] {
    return this.#units.all().map(({ ledger }) => ledger.unit);
  }

  unit(name: string): Unit<Spec> | undefined {
    return this.#units.get(name)?.ledger.unit;
  }

  state(name: string): UnitState | undefined {
    return this.#units.get(name)?.ledger.state;
  }

  /** Whether a request is being carried out. */
  get isBusy(): boolean {
    return this.#units.all().some(unit => unit.isBusy);
  }

  /** Calls back after each change of what can be seen of a unit; the returned function ends it. */
  onChange(listener: (name: string) => void): () => void {
    return this.#units.onChange(listener);
  }

  /** The moments of a unit from this call on, for one reader, until the signal fires. It need not exist yet. */
  subscribe(name: string, signal: AbortSignal): AsyncIterable<UnitFeedEvent> {
    return this.#units.subscribe(name, signal);
  }

  // --- Requests ----------------------------------------------------------------------------------------------

  /**
   * Adds a unit or replaces its definition, and has it run by that: started, restarted, or left where it runs
   * by the same one.
   * @param check may refuse it by throwing; no other definition changes meanwhile
   * @throws {SupervisionError} `unknown-need`, `cyclic-needs`
   */
  define(
    name: string,
    definition: UnitDefinition<Spec>,
    check: DefinitionCheck<Spec> = () => {},
  ): Promise<UnitRequest> {
    return this.#definitions.put(name, definition, check);
  }

  /**
   * Stops a unit and forgets it; resolves when it is gone.
   * @throws {SupervisionError} `unknown-unit`; `in-use` when others are defined to need it
   */
  remove(name: string): Promise<void> {
    return this.#definitions.remove(name);
  }

  /**
   * Starts a unit and what it needs; where it runs already, only that is told.
   * @param cause `asked`: its restarts are counted anew; `wanted`: something needs it now
   * @throws {SupervisionError} `unknown-unit`
   */
  async start(name: string, cause: 'asked' | 'wanted' = 'asked'): Promise<UnitRequest> {
    return this.#units.lasting(name).start(cause);
  }

  /**
   * @param timeoutMs from TERM to KILL
   * @throws {SupervisionError} `unknown-unit`; `in-use` when something that needs it runs or starts; `not-running`
   */
  async stop(name: string, timeoutMs: number): Promise<UnitRequest> {
    const unit = this.#units.lasting(name);
    const dependants = transitiveDependants(this.#units.graph(), name);
    const users = [...dependants].filter(dependant => isUp(this.state(dependant))).sort();
    if (users.length > 0) {
      throw new SupervisionError('in-use', `"${name}" is needed by ${quoted(users)}`, users);
    }
    if (unit.isAtRest) throw new SupervisionError('not-running', `"${name}" is not running`, [name]);
    return unit.stop(timeoutMs);
  }

  /**
   * Stops a unit where it runs, and starts it; what needs it is left as it is.
   * @param timeoutMs from TERM to KILL
   * @throws {SupervisionError} `unknown-unit`
   */
  async restart(name: string, timeoutMs: number): Promise<UnitRequest> {
    return this.#units.lasting(name).restart(timeoutMs);
  }

  /** To the main process. @throws {SupervisionError} `unknown-unit`, `not-running` */
  async signal(name: string, signal: NodeJS.Signals | number): Promise<void> {
    this.#units.known(name);
    const { runId } = this.state(name) ?? {};
    if (runId !== undefined && (await this.#parts.processes.signal(runId, signal))) return;
    throw new SupervisionError('not-running', `"${name}" is not running`, [name]);
  }

  // --- The workload ------------------------------------------------------------------------------------------

  /** The workload executes and nothing of the units runs in it: starts all that should run. Nothing is counted. */
  boot(): void {
    this.#isHalted = false;
    const wanted = this.#units.all().filter(({ ledger }) => ledger.unit.desired === 'running');
    const starts = new Map<string, Operation>();
    this.#needs.boots(starts);
    // Needs before those that wait for them, so that these find the starts that are under way.
    for (const unit of this.#inLevels(wanted).flat()) {
      starts.set(unit.ledger.unit.name, unit.startAgain('boot'));
    }
  }

  /**
   * The server was away and the workload ran on: goes on with what there is. What ended meanwhile is a crash.
   * @param found by run id; what is not in it is lost and does not come to life any more
   */
  recover(found: ReadonlyMap<string, FoundRun>): void {
    this.#isHalted = false;
    const { processes, limits, reportFault } = this.#parts;
    const units = this.#inLevels(this.#units.all()).flat();
    for (const unit of units) {
      const report = (error: unknown): string => reportFault(unit.ledger.unit.name, error);
      takeUpRun(unit, found, { processes, limits, time: this.#time, reportFault: report });
    }
    for (const unit of units) driveOn(unit, limits.stopTimeoutMs);
  }

  /**
   * The workload is to stop: ends everything, dependants first, and starts nothing until the next boot. What is
   * desired stays. Resolves when nothing runs any more.
   * @param timeoutMs from the first TERM to KILL, for all together
   */
  async shutDown(timeoutMs: number): Promise<void> {
    this.#isHalted = true;
    const deadlineMs = this.#time.elapsedMs() + timeoutMs;
    for (const unit of this.#units.all()) unit.giveUpStarts();
    const graph = this.#units.graph();
    const ends = new Map<string, Promise<unknown>>();
    for (const unit of this.#inLevels(this.#units.all()).reverse().flat()) {
      const { name } = unit.ledger.unit;
      const dependants = Promise.all(directDependants(graph, name).flatMap(other => ends.get(other) ?? []));
      const halt = async (): Promise<void> => {
        await dependants;
        await unit.halt(Math.max(0, deadlineMs - this.#time.elapsedMs())).outcome;
      };
      ends.set(name, halt());
    }
    await Promise.all(ends.values());
  }

  /** The workload is gone, with all processes. What is desired stays; nothing is counted. */
  lost(): void {
    this.#isHalted = true;
    for (const unit of this.#units.all()) unit.lost(this.#time.now());
  }

  /** The workload stands still, and so does time: delays, patience, settling. Idempotent. */
  pause(): void {
    this.#time.pause();
  }

  /** Idempotent. */
  resume(): void {
    if (this.#isClosed) return;
    const pausedMs = this.#time.resume();
    for (const { ledger } of this.#units.all()) ledger.delayRestart(pausedMs);
  }

  /** A process is gone, with its children, and its log is complete. Runs that are not known are ignored. */
  exited(runId: string, exit: UnitExit): void {
    this.#units.all().some(unit => unit.exited(runId, exit));
  }

  /** The server stops: what runs is left for `recover`. Resolves when no launch is under way any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isHalted = true;
    await Promise.all(this.#units.all().map(unit => unit.close()));
    this.#time.pause();
  }

  #inLevels(units: readonly SupervisedUnit<Spec>[]): SupervisedUnit<Spec>[][] {
    const names = new Set(units.map(({ ledger }) => ledger.unit.name));
    const levels = startLevels(this.#units.graph(), names);
    return levels.map(level => level.flatMap(name => this.#units.get(name) ?? []));
  }
}

function isUp(state: UnitState | undefined): boolean {
  return state?.status === 'starting' || state?.status === 'running';
}
