import { isDeepStrictEqual } from 'node:util';
import { exitText } from './exit-text.ts';
import type { SupervisionLimits } from './limits.ts';
import type { Operation } from './operation.ts';
import { Run } from './run.ts';
import { LaunchError, SupervisionError } from './supervision-error.ts';
import type { Time } from './time.ts';
import type { UnitDefinition, UnitExit } from './unit.ts';
import type { UnitEvent, UnitFeedEvent } from './unit-events.ts';
import type { UnitLedger } from './unit-ledger.ts';
import type { UnitProcesses } from './unit-processes.ts';

export interface ProcedureParts<Spec> {
  readonly processes: UnitProcesses<Spec>;
  readonly time: Time;
  readonly limits: SupervisionLimits;
  readonly newRunId: () => string;
  /** Starts what the unit needs; returns why that failed, for the user. Ends early when the operation is given up. */
  readonly startNeeds: (operation: Operation) => Promise<string | undefined>;
  /** Whether the workload is being stopped or gone: nothing is started any more. */
  readonly isHalted: () => boolean;
  readonly restartIsDue: () => void;
  readonly tell: (event: UnitFeedEvent) => void;
  /** Returns the id under which the server's log has it. */
  readonly reportFault: (error: unknown) => string;
}

/** What is done to one unit, step by step. One at a time: the unit's queue sees to that. */
export class Procedures<Spec> {
  readonly #ledger: UnitLedger<Spec>;
  readonly #parts: ProcedureParts<Spec>;

  constructor(ledger: UnitLedger<Spec>, parts: ProcedureParts<Spec>) {
    this.#ledger = ledger;
    this.#parts = parts;
  }

  /** Carries out a request. Does not reject: a failure of Berth itself is told as one of the request. */
  async carryOut(operation: Operation): Promise<void> {
    try {
      await this.#carryOut(operation);
      operation.finish({ started: undefined });
    } catch (error) {
      if (this.#ledger.status === 'starting') this.#ledger.step('start-failed');
      this.#fail(operation, this.#explain(error));
    }
  }

  async #carryOut(operation: Operation): Promise<void> {
    const ledger = this.#ledger;
    if (ledger.isErased) return this.#fail(operation, 'it was removed');
    if (ledger.run?.exit !== undefined) await this.recordExit();
    switch (operation.kind) {
      case 'start':
        return this.#start(operation);
      case 'apply':
        if (ledger.runsBy(ledger.unit.definition)) return this.#start(operation);
        return this.#restart(operation);
      case 'restart':
        return this.#restart(operation);
      case 'stop':
        return this.#stop(operation);
      case 'halt':
        this.#ledger.cancelRestart();
        return this.#endRun(operation);
      case 'remove':
        return this.#remove(operation);
    }
  }

  /** The process ended and no request is under way that would expect it. */
  async recordExit(): Promise<void> {
    const ledger = this.#ledger;
    const exit = ledger.run?.exit;
    if (ledger.run === undefined || exit === undefined) return;
    const isWanted = ledger.unit.desired === 'running' && !this.#parts.isHalted();
    const isFailure = exit.exitCode !== 0;
    const restarts = isWanted && this.#restarts(isFailure);
    const error = isWanted && (isFailure || restarts) ? exitText(exit.exitCode) : undefined;
    await ledger.saveAnyway({ record: { runId: undefined, exitCode: exit.exitCode, error } });

    if (isWanted) ledger.step(isFailure ? 'crashed' : 'finished');
    else {
      ledger.step('stop');
      ledger.step('gone');
    }
    const { ranMs } = ledger.run;
    this.#forgetRun(exit);
    if (restarts) {
      const sinceExitMs = this.#parts.time.now().getTime() - exit.exitedAt.getTime();
      this.#scheduleRestart(ledger.backOff.next(ranMs) - Math.max(0, sinceExitMs));
    }
  }

  /** It ended, or did not start, before a restart of the server. */
  restartLater(): void {
    const { backOff, unit } = this.#ledger;
    if (this.#restarts(unit.record.exitCode !== 0)) this.#scheduleRestart(backOff.next(0));
  }

  // --- Starting ----------------------------------------------------------------------------------------------

  async #start(operation: Operation): Promise<void> {
    const ledger = this.#ledger;
    if (ledger.run !== undefined) return this.#started(operation, ledger.run, false);
    if (operation.isGivenUp) return this.#fail(operation, operation.giveUpReason);
    if (this.#parts.isHalted()) return this.#fail(operation, 'everything is being stopped');

    ledger.cancelRestart();
    ledger.step('start');
    // Another definition may be recorded meanwhile: it comes into force by a request of its own.
    const { definition } = ledger.unit;
    const failure = await this.#parts.startNeeds(operation).catch(error => this.#explain(error));
    if (operation.isGivenUp) return this.#giveUp(operation);
    if (failure === undefined) return this.#launch(operation, definition);
    const { cause } = operation;
    ledger.isHeldUp = cause === 'boot' || (ledger.isHeldUp && cause !== 'asked');
    return this.#failStart(operation, failure, this.#countWith(operation));
  }

  async #launch(operation: Operation, definition: UnitDefinition<Spec>): Promise<void> {
    const { time, newRunId, processes, reportFault } = this.#parts;
    const ledger = this.#ledger;
    const { name } = ledger.unit;
    const restartCount = this.#countWith(operation);
    const run = new Run(newRunId(), time.now(), { ...this.#parts, reportFault });
    ledger.isHeldUp = false;
    ledger.holdRun(run, definition);
    try {
      await ledger.save(unit => {
        const isOutdated = isDeepStrictEqual(unit.definition, definition) ? undefined : true;
        const fresh = { error: undefined, exitCode: undefined, isOutdated };
        return { record: { ...fresh, runId: run.id, startedAt: run.startedAt, restartCount } };
      });
      if (operation.isGivenUp) return this.#giveUp(operation);
      run.launched((await processes.start({ name, definition }, run.id)).pid);
    } catch (error) {
      ledger.forgetRun();
      return this.#failStart(operation, this.#explain(error), restartCount);
    }
    ledger.step('launched');
    // Whoever gave it up while it was launched stops it next.
    if (operation.isGivenUp) return this.#fail(operation, operation.giveUpReason);
    this.#started(operation, run, true);
  }

  #started(operation: Operation, run: Run, isNew: boolean): void {
    this.#tell(operation, { type: 'started', at: this.#parts.time.now(), run, isNew });
    operation.finish({ started: run });
  }

  /** Nothing was launched, and nothing will be: the same as if it had been stopped before. */
  async #giveUp(operation: Operation): Promise<void> {
    const ledger = this.#ledger;
    ledger.forgetRun();
    await ledger.saveAnyway({ record: { runId: undefined, error: undefined } });
    ledger.step('stop');
    this.#fail(operation, operation.giveUpReason);
  }

  async #failStart(operation: Operation, error: string, restartCount: number): Promise<void> {
    const ledger = this.#ledger;
    await ledger.saveAnyway({ record: { runId: undefined, exitCode: undefined, error, restartCount } });
    if (operation.isGivenUp) return this.#giveUp(operation);
    ledger.step('start-failed');
    if (this.#restarts(true) || ledger.isHeldUp) this.#scheduleRestart(ledger.backOff.next(0));
    this.#fail(operation, error);
  }

  #fail(operation: Operation, text: string): void {
    this.#tell(operation, { type: 'error', at: this.#parts.time.now(), text });
    operation.finish({ error: text });
  }

  #countWith(operation: Operation): number {
    return this.#ledger.unit.record.restartCount + (operation.cause === 'automatic' ? 1 : 0);
  }

  #restarts(isFailure: boolean): boolean {
    const policy = this.#ledger.unit.definition.restart;
    return policy === 'always' || (policy === 'on-failure' && isFailure);
  }

  #scheduleRestart(delayMs: number): void {
    this.#ledger.scheduleRestart(Math.max(0, delayMs), this.#parts.restartIsDue);
  }

  #explain(error: unknown): string {
    if (error instanceof LaunchError || error instanceof SupervisionError) return error.message;
    return `Berth failed; the server's log has the cause under ${this.#parts.reportFault(error)}`;
  }

  // --- Ending ------------------------------------------------------------------------------------------------

  async #restart(operation: Operation): Promise<void> {
    if (operation.isGivenUp) return this.#fail(operation, operation.giveUpReason);
    await this.#endRun(operation);
    return this.#start(operation);
  }

  async #stop(operation: Operation): Promise<void> {
    const ledger = this.#ledger;
    ledger.cancelRestart();
    if (ledger.run !== undefined) return this.#endRun(operation);
    const { exitCode } = ledger.unit.record;
    this.#tell(operation, { type: 'stopping', at: this.#parts.time.now() });
    await ledger.saveAnyway({ record: { error: undefined } });
    if (ledger.status === 'failed') ledger.step('stop');
    this.#tell(operation, { type: 'stopped', at: this.#parts.time.now(), exitCode });
  }

  async #remove(operation: Operation): Promise<void> {
    this.#ledger.cancelRestart();
    await this.#endRun(operation);
    await this.#ledger.erase();
  }

  /** Stops the process, if there is one, and records its end. */
  async #endRun(operation: Operation): Promise<void> {
    const ledger = this.#ledger;
    const { time } = this.#parts;
    if (ledger.run === undefined) return;
    ledger.step('stop');
    this.#tell(operation, { type: 'stopping', at: time.now(), run: ledger.run });
    const exit = await ledger.run.stop(operation.timeoutMs, timeoutMs =>
      this.#tell(operation, { type: 'killed', at: time.now(), timeoutMs }),
    );
    const { exitCode } = exit;
    // After a halt it is to be started again, also by a server that finds the workload still there.
    const recorded = operation.kind === 'halt' ? undefined : exitCode;
    await ledger.saveAnyway({ record: { runId: undefined, exitCode: recorded, error: undefined } });
    ledger.step('gone');
    this.#forgetRun(exit);
    this.#tell(operation, { type: 'stopped', at: time.now(), exitCode });
  }

  #forgetRun(exit: UnitExit): void {
    const { run } = this.#ledger;
    this.#ledger.forgetRun();
    if (run === undefined) return;
    const { exitCode } = exit;
    this.#parts.tell({ type: 'exit', at: this.#parts.time.now(), runId: run.id, exitCode });
    run.end();
  }

  #tell(operation: Operation, event: UnitEvent): void {
    operation.tell(event);
    this.#parts.tell(event);
  }
}
