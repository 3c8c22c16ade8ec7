import type { Run } from './run.ts';
import type { UnitEvent } from './unit-events.ts';

export type OperationKind =
  | 'start'
  | 'restart'
  /** The definition was set: start, or restart where the process runs by another one. */
  | 'apply'
  | 'stop'
  /** A stop that leaves it to be started at the next boot. */
  | 'halt'
  | 'remove';

/**
 * Why a unit is started. The strongest decides when starts join.
 * `asked` starts its count and delays over; `automatic` is counted.
 */
export type StartCause = 'automatic' | 'boot' | 'wanted' | 'asked';
const strength: readonly StartCause[] = ['automatic', 'boot', 'wanted', 'asked'];

export type Outcome =
  | { readonly started: Run | undefined; readonly error?: undefined }
  | { readonly started?: undefined; readonly error: string };

/** A request that is carried out by its unit, and its moments for any number of readers. */
export class Operation {
  readonly kind: OperationKind;
  /** From TERM to KILL, where something is to be stopped. */
  readonly timeoutMs: number;
  readonly outcome: Promise<Outcome>;
  readonly #settle: (outcome: Outcome) => void;
  readonly #givenUp = new AbortController();
  readonly #events: UnitEvent[] = [];
  readonly #waiting = new Set<() => void>();
  #cause: StartCause;
  #result: Outcome | undefined;

  constructor(kind: OperationKind, { cause = 'asked' as StartCause, timeoutMs = 0 } = {}) {
    this.kind = kind;
    this.#cause = cause;
    this.timeoutMs = timeoutMs;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.outcome = promise;
    this.#settle = resolve;
  }

  get cause(): StartCause {
    return this.#cause;
  }

  /** A start joins it: it goes on under the stronger of both causes. */
  join(cause: StartCause): void {
    if (strength.indexOf(cause) > strength.indexOf(this.#cause)) this.#cause = cause;
  }

  /** Whether a start may join: it leads to a start and was not given up. */
  get isStart(): boolean {
    return this.kind === 'start' && !this.isGivenUp;
  }

  /** Fires when what it was to start is not to be started any more. */
  get signal(): AbortSignal {
    return this.#givenUp.signal;
  }

  get isGivenUp(): boolean {
    return this.#givenUp.signal.aborted;
  }

  /** Why it was given up, for the user. */
  get giveUpReason(): string {
    return String(this.#givenUp.signal.reason);
  }

  /** Stops that are under way go on: only starts can be given up. */
  giveUp(reason: string): void {
    if (this.kind === 'start' || this.kind === 'restart' || this.kind === 'apply') {
      this.#givenUp.abort(reason);
    }
  }

  tell(event: UnitEvent): void {
    this.#events.push(event);
    this.#wake();
  }

  /** No event follows. Only the first call counts. */
  finish(outcome: Outcome): void {
    this.#result ??= outcome;
    this.#settle(this.#result);
    this.#wake();
  }

  /** All its events from the first one on, as they come; ends when it is done or the signal fires. */
  async *events(signal?: AbortSignal): AsyncGenerator<UnitEvent, void, undefined> {
    for (let next = 0; !signal?.aborted; ) {
      const event = this.#events[next];
      if (event !== undefined) {
        next++;
        yield event;
      } else if (this.#result !== undefined) return;
      else await this.#more(signal);
    }
  }

  async #more(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    signal?.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    this.#waiting.delete(resolve);
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
  }
}
