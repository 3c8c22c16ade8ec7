import { Operation, type StartCause } from './operation.ts';
import type { Procedures } from './procedures.ts';
import type { UnitDefinition, UnitExit, UnitRecord } from './unit.ts';
import type { UnitLedger } from './unit-ledger.ts';

/** One unit: takes requests, and carries them out one after the other in the order in which they came. */
export class SupervisedUnit<Spec> {
  readonly ledger: UnitLedger<Spec>;
  readonly #procedures: Procedures<Spec>;
  readonly #queue: Operation[] = [];
  #draining: Promise<void> = Promise.resolve();
  #isDraining = false;
  #isClosed = false;

  constructor(ledger: UnitLedger<Spec>, procedures: Procedures<Spec>) {
    this.ledger = ledger;
    this.#procedures = procedures;
  }

  /** Whether a request is being carried out. */
  get isBusy(): boolean {
    return this.#queue.length > 0;
  }

  /** Whether nothing runs, is under way or is pending. */
  get isAtRest(): boolean {
    return this.ledger.status === 'stopped' && !this.ledger.hasPendingRestart && !this.isBusy;
  }

  /** Removal has been asked for. */
  get removal(): Operation | undefined {
    return this.#queue.find(({ kind }) => kind === 'remove');
  }

  /** Resolves when the wish is recorded. A start that is due or under way is joined. */
  async start(cause: 'asked' | 'wanted'): Promise<Operation> {
    await this.ledger.save({ desired: 'running', record: this.#freshRecord(cause) });
    if (cause === 'asked') this.ledger.backOff.reset();
    return this.#startOrJoin(cause);
  }

  /** Starts what should be running; nothing is recorded for it. */
  startAgain(cause: 'boot' | 'automatic'): Operation {
    return this.#startOrJoin(cause);
  }

  /** Resolves when the definition and the wish are recorded; then it is started, or restarted where it must be. */
  async apply(definition: UnitDefinition<Spec>, timeoutMs: number): Promise<Operation> {
    const record = this.#freshRecord('asked');
    await this.ledger.save(() => {
      const isOutdated = this.ledger.run !== undefined && !this.ledger.runsBy(definition);
      return { definition, desired: 'running', record: { ...record, isOutdated: isOutdated || undefined } };
    });
    this.ledger.backOff.reset();
    return this.applyAgain(timeoutMs);
  }

  /** Has it run by the definition that is recorded. */
  applyAgain(timeoutMs: number): Operation {
    return this.#push(new Operation('apply', { timeoutMs }));
  }

  /** Resolves when the wish is recorded. */
  async restart(timeoutMs: number): Promise<Operation> {
    await this.ledger.save({ desired: 'running', record: this.#freshRecord('asked') });
    this.ledger.backOff.reset();
    return this.#push(new Operation('restart', { timeoutMs }));
  }

  /** Resolves when the wish is recorded: starts under way are given up. A stop that is due or under way is joined. */
  async stop(timeoutMs: number): Promise<Operation> {
    await this.ledger.save({ desired: 'stopped' });
    return this.stopAgain(timeoutMs);
  }

  /** Stops what should be stopped. */
  stopAgain(timeoutMs: number): Operation {
    this.giveUpStarts('it was stopped before it had started');
    this.ledger.run?.hasten(timeoutMs);
    const last = this.#queue.at(-1);
    return last?.kind === 'stop' ? last : this.#push(new Operation('stop', { timeoutMs }));
  }

  /** Stops it until the next boot. */
  halt(timeoutMs: number): Operation {
    this.giveUpStarts();
    this.ledger.run?.hasten(timeoutMs);
    return this.#push(new Operation('halt', { timeoutMs }));
  }

  /** Stops it and forgets it; a removal that is due or under way is joined. */
  remove(timeoutMs: number): Operation {
    const underWay = this.removal;
    if (underWay !== undefined) return underWay;
    this.giveUpStarts('it was removed');
    this.ledger.run?.hasten(timeoutMs);
    return this.#push(new Operation('remove', { timeoutMs }));
  }

  giveUpStarts(reason = 'everything is being stopped'): void {
    for (const operation of this.#queue) operation.giveUp(reason);
  }

  /** Its process is gone with the workload. */
  lost(exitedAt: Date): void {
    this.giveUpStarts();
    this.ledger.cancelRestart();
    if (this.ledger.run !== undefined) this.exited(this.ledger.run.id, { exitedAt });
  }

  /** A process of it is gone. @returns false when it is none of its own */
  exited(runId: string, exit: UnitExit): boolean {
    const { run } = this.ledger;
    if (run === undefined || run.id !== runId) return false;
    run.exitedWith(exit);
    this.#carryOn();
    return true;
  }

  /** The pending restart is due. */
  readonly restartIsDue = (): void => {
    if (!this.isBusy && !this.#isClosed) this.startAgain('automatic');
  };

  /** It failed before a restart of the server: goes on as its restart policy says. */
  restartLater(): void {
    this.#procedures.restartLater();
  }

  /** The server stops: what runs is left. Resolves when no launch is under way any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.ledger.cancelRestart();
    this.giveUpStarts('the server stops');
    if (this.ledger.status === 'starting') await this.#draining;
  }

  #startOrJoin(cause: StartCause): Operation {
    const last = this.#queue.at(-1);
    if (last?.isStart !== true) return this.#push(new Operation('start', { cause }));
    last.join(cause);
    return last;
  }

  #push(operation: Operation): Operation {
    this.#queue.push(operation);
    this.#carryOn();
    return operation;
  }

  #carryOn(): void {
    if (this.#isClosed || this.#isDraining) return;
    this.#isDraining = true;
    this.#draining = this.#drain();
  }

  async #drain(): Promise<void> {
    do {
      for (let operation = this.#queue[0]; operation !== undefined; operation = this.#queue[0]) {
        await this.#procedures.carryOut(operation);
        this.#queue.shift();
        if (this.#isClosed) return;
      }
      if (this.ledger.run?.exit !== undefined) await this.#procedures.recordExit();
    } while (this.isBusy);
    this.#isDraining = false;
  }

  /** A request starts the count over. Where nothing is under way, how it ended last does not matter any more. */
  #freshRecord(cause: 'asked' | 'wanted'): Partial<UnitRecord> {
    const count = cause === 'asked' ? { restartCount: 0 } : {};
    const isIdle = this.ledger.run === undefined && !this.isBusy;
    return isIdle ? { ...count, error: undefined, exitCode: undefined } : count;
  }
}
