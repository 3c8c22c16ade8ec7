import { isDeepStrictEqual } from 'node:util';
import { BackOff } from './back-off.ts';
import type { SupervisionLimits } from './limits.ts';
import type { Run } from './run.ts';
import { unknownUnit } from './supervision-error.ts';
import type { Time } from './time.ts';
import type { Unit, UnitDefinition, UnitRecord, UnitState } from './unit.ts';
import type { UnitRecords } from './unit-processes.ts';
import { nextStatus, type StatusChange, type UnitStatus } from './unit-status.ts';

export interface LedgerParts<Spec> {
  readonly records: UnitRecords<Spec>;
  readonly time: Time;
  readonly limits: SupervisionLimits;
  /** Returns the id under which the server's log has it. */
  readonly reportFault: (error: unknown) => string;
  /** What can be seen of the unit has changed. */
  readonly changed: () => void;
  /** Nothing is recorded of the unit any more. */
  readonly erased: () => void;
}

export interface UnitChange<Spec> {
  readonly definition?: UnitDefinition<Spec>;
  readonly desired?: Unit<Spec>['desired'];
  /** Laid over the record; undefined takes a field away. */
  readonly record?: Partial<UnitRecord>;
}

interface PendingRestart {
  at: Date;
  readonly takeBack: () => void;
}

/** What is known of a unit: what is recorded, its status, its process, its pending restart. */
export class UnitLedger<Spec> {
  readonly backOff: BackOff;
  /** At a boot something that it needs did not start: it is tried again under every restart policy. */
  isHeldUp = false;
  readonly #parts: LedgerParts<Spec>;
  #unit: Unit<Spec>;
  #status: UnitStatus;
  #run: Run | undefined;
  #runDefinition: UnitDefinition<Spec> | undefined;
  #pending: PendingRestart | undefined;
  #writes: Promise<unknown> = Promise.resolve();
  #isErased = false;

  constructor(unit: Unit<Spec>, parts: LedgerParts<Spec>) {
    this.#unit = unit;
    this.#parts = parts;
    this.backOff = new BackOff(parts.limits.backOff);
    const { error, exitCode } = unit.record;
    this.#status = error !== undefined && exitCode !== 0 ? 'failed' : 'stopped';
  }

  get unit(): Unit<Spec> {
    return this.#unit;
  }

  get status(): UnitStatus {
    return this.#status;
  }

  /** Its process, from just before the launch until its end is recorded. */
  get run(): Run | undefined {
    return this.#run;
  }

  get hasPendingRestart(): boolean {
    return this.#pending !== undefined;
  }

  /** Whether its process was launched by this definition. */
  runsBy(definition: UnitDefinition<Spec>): boolean {
    return isDeepStrictEqual(this.#runDefinition, definition);
  }

  get state(): UnitState {
    const { startedAt, restartCount, error, exitCode } = this.#unit.record;
    const isLive = this.#status === 'running' || this.#status === 'stopping';
    const hasError = this.#status === 'failed' || this.#pending !== undefined;
    return {
      status: this.#status,
      restartCount,
      ...(isLive && this.#run && { runId: this.#run.id, pid: this.#run.pid }),
      ...(startedAt && { startedAt }),
      ...(hasError && error !== undefined && { error }),
      ...(exitCode !== undefined && { exitCode }),
      ...(this.#pending && { nextRestartAt: this.#pending.at }),
    };
  }

  /**
   * Records a change; it can be seen when this resolves. Changes are recorded one by one, in their order.
   * @param change may depend on what is recorded when its turn comes
   * @throws {SupervisionError} `unknown-unit` once it is erased
   */
  save(change: UnitChange<Spec> | ((unit: Unit<Spec>) => UnitChange<Spec>)): Promise<void> {
    return this.#write(async () => {
      if (this.#isErased) throw unknownUnit(this.#unit.name);
      const unit = changed(this.#unit, typeof change === 'function' ? change(this.#unit) : change);
      if (isDeepStrictEqual(unit, this.#unit)) return;
      await this.#parts.records.save(unit);
      this.#unit = unit;
    });
  }

  /** Nothing is recorded of it any more. */
  erase(): Promise<void> {
    return this.#write(async () => {
      await this.#parts.records.remove(this.#unit.name);
      this.#isErased = true;
      this.#parts.erased();
    });
  }

  get isErased(): boolean {
    return this.#isErased;
  }

  /** For what has happened already, whether it can be recorded or not. */
  async saveAnyway(change: UnitChange<Spec>): Promise<void> {
    try {
      await this.save(change);
    } catch (error) {
      this.#parts.reportFault(error);
      this.#unit = changed(this.#unit, change);
    }
  }

  step(change: StatusChange): void {
    this.#status = nextStatus(this.#status, change);
    this.#parts.changed();
  }

  /** @param definition by which it is launched, or was; undefined when that is not known */
  holdRun(run: Run, definition: UnitDefinition<Spec> | undefined): void {
    this.#run = run;
    this.#runDefinition = definition;
  }

  forgetRun(): void {
    this.#run = undefined;
    this.#runDefinition = undefined;
  }

  /** Its process has run since before a restart of the server. */
  adopt(run: Run, definition: UnitDefinition<Spec> | undefined): void {
    this.holdRun(run, definition);
    this.#status = 'running';
    this.#parts.changed();
  }

  /** @param due called once when the time has come, unless it is cancelled before */
  scheduleRestart(delayMs: number, due: () => void): void {
    this.cancelRestart();
    const takeBack = this.#parts.time.after(delayMs, () => {
      this.#pending = undefined;
      due();
    });
    this.#pending = { at: new Date(this.#parts.time.now().getTime() + delayMs), takeBack };
    this.#parts.changed();
  }

  cancelRestart(): void {
    this.#pending?.takeBack();
    this.#pending = undefined;
  }

  /** Time stood still: a pending restart comes later. */
  delayRestart(byMs: number): void {
    if (this.#pending !== undefined) this.#pending.at = new Date(this.#pending.at.getTime() + byMs);
  }

  async #write(write: () => Promise<void>): Promise<void> {
    const written = this.#writes.then(write);
    this.#writes = written.catch(() => {});
    await written;
    this.#parts.changed();
  }
}

function changed<Spec>(unit: Unit<Spec>, { definition, desired, record }: UnitChange<Spec>): Unit<Spec> {
  return {
    name: unit.name,
    definition: definition ?? unit.definition,
    desired: desired ?? unit.desired,
    record: record === undefined ? unit.record : withoutAbsent({ ...unit.record, ...record }),
  };
}

function withoutAbsent(record: UnitRecord): UnitRecord {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as never;
}
