import type { Clock } from '../../../lib/clock.ts';
import type { Logs } from '../../../logs/logs.ts';
import type { UnitFeedEvent } from '../../supervision/index.ts';
import type { LogFileLine, ServiceLog } from '../service-log/index.ts';
import { aborted } from './aborted.ts';
import { freshnessTimeoutMs } from './limits.ts';
import type { ServiceEvent } from './service-events.ts';
import type { ServiceRun } from './service-run.ts';

export interface ReadLogOptions {
  /** How many of the last lines; all that are kept when absent. */
  readonly lines?: number;
  /** For how long what comes is told, too; ms. */
  readonly followMs: number;
  /** Ends it at once. */
  readonly signal: AbortSignal;
}

export interface ReadLogParts {
  readonly logs: Pick<Logs, 'end'>;
  readonly serviceId: string;
  readonly log: ServiceLog;
  readonly clock: Clock;
  readonly runOf: (runId: string) => ServiceRun | undefined;
  /** Moments of the service from the call on. */
  readonly feed: (signal: AbortSignal) => AsyncIterable<UnitFeedEvent>;
}

interface SeenExit {
  readonly exitCode: number;
  /** In the log files: all of its output stands before it. */
  readonly position: Promise<number>;
}

/** Lines of a service's log, and, while it is followed, the ends of processes: each after the last line of it. */
export async function* readServiceLog(
  { lines, followMs, signal }: ReadLogOptions,
  { logs, serviceId, log, clock, runOf, feed }: ReadLogParts,
): AsyncGenerator<ServiceEvent, void, undefined> {
  const over = new AbortController();
  const until = AbortSignal.any([over.signal, signal]);
  const exits = new Exits(feed(until), runOf);
  const late = AbortSignal.timeout(freshnessTimeoutMs);
  await log.written(await logs.end(serviceId), AbortSignal.any([late, signal]));
  const end = log.position;
  const reader = await log.reader(lines);
  const timer = setTimeout(() => over.abort(), followMs);
  try {
    while (reader.position < end && !signal.aborted) {
      const found = await reader.next(end);
      for (const line of found) yield lineEvent(line);
      if (found.length === 0) break;
    }
    while (followMs > 0 && !until.aborted) {
      // Looked at before the position is: what is written now may come from the next process.
      const exit = exits.first;
      const stop = exit === undefined ? log.position : await Promise.race([exit.position, aborted(until)]);
      if (stop === undefined) return;
      const found = await reader.next(stop);
      for (const line of found) yield lineEvent(line);
      if (found.length > 0 || reader.position < stop) continue;
      if (exit !== undefined) {
        exits.shift();
        yield { type: 'exit', at: clock.now(), exitCode: exit.exitCode };
      } else if (log.position === stop && exits.first === undefined) {
        await Promise.race([log.changed(until), exits.more()]);
      }
    }
  } finally {
    clearTimeout(timer);
    over.abort();
    await reader.close();
  }
}

/** Ends of processes that were told and not passed on yet. */
class Exits {
  readonly #seen: SeenExit[] = [];
  readonly #runOf: ReadLogParts['runOf'];
  #more = Promise.withResolvers<void>();

  constructor(feed: AsyncIterable<UnitFeedEvent>, runOf: ReadLogParts['runOf']) {
    this.#runOf = runOf;
    void this.#watch(feed);
  }

  get first(): SeenExit | undefined {
    return this.#seen[0];
  }

  shift(): void {
    this.#seen.shift();
  }

  more(): Promise<void> {
    return this.#more.promise;
  }

  async #watch(feed: AsyncIterable<UnitFeedEvent>): Promise<void> {
    for await (const event of feed) {
      if (event.type !== 'exit') continue;
      const run = this.#runOf(event.runId);
      if (run === undefined || event.exitCode === undefined) continue;
      this.#seen.push({ exitCode: event.exitCode, position: run.copied });
      this.#more.resolve();
      this.#more = Promise.withResolvers();
    }
  }
}

function lineEvent({ stream, atMs, text }: LogFileLine): ServiceEvent {
  return { type: 'output', at: new Date(atMs), stream, text: `${text}\n` };
}
