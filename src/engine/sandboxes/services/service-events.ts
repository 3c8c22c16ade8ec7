import type { Clock } from '../../../lib/clock.ts';
import type { LogStream, Logs } from '../../../logs/logs.ts';
import type { UnitEvent, UnitRequest, UnitRun } from '../../supervision/index.ts';
import { type JoiningLimits, liveOutput, type Output } from '../service-log/index.ts';
import { aborted } from './aborted.ts';
import type { ServiceRun } from './service-run.ts';

/** What a request brings about, in order. Codes of signal deaths are 128 + n. */
export type ServiceEvent = { readonly at: Date } & (
  | { readonly type: 'started' }
  | { readonly type: 'output'; readonly stream: LogStream; readonly text: string }
  /** Its process has ended, asked for or not. */
  | { readonly type: 'exit'; readonly exitCode: number }
  | { readonly type: 'error'; readonly text: string }
  | { readonly type: 'stopping' }
  | { readonly type: 'stopped'; readonly exitCode: number }
);

export interface ServiceEventsParts {
  readonly logs: Logs;
  readonly limits: JoiningLimits;
  readonly clock: Clock;
  readonly runOf: (runId: string) => ServiceRun | undefined;
}

export interface ServiceEventsOptions {
  /** How long the output of a process that was started is told. */
  readonly windowMs: number;
  /** Ends it; the request itself goes on. */
  readonly signal: AbortSignal;
}

type Moment = IteratorResult<UnitEvent>;

/**
 * Tells a request from its first moment on: with the output of a process while it is being stopped, and that of
 * the one that was started, until the time is over or it ends.
 */
export async function* serviceEvents(
  request: UnitRequest,
  { windowMs, signal }: ServiceEventsOptions,
  parts: ServiceEventsParts,
): AsyncGenerator<ServiceEvent, void, undefined> {
  const moments = request.events(signal)[Symbol.asyncIterator]();
  for (let next: Moment | Promise<Moment> = moments.next(); ; ) {
    const result: Moment = await next;
    if (result.done) return;
    const moment: UnitEvent = result.value;
    next = moments.next();
    yield* told(moment);
    if (moment.type === 'started') {
      yield* outputOfStarted(moment.run, moment.isNew, windowMs, signal, parts);
      return;
    }
    if (moment.type === 'stopping' && moment.run !== undefined) {
      next = yield* outputOfStopping(moment.run, next, () => moments.next(), signal, parts);
    }
  }
}

async function* outputOfStarted(
  { id, ended }: UnitRun,
  isNew: boolean,
  windowMs: number,
  signal: AbortSignal,
  { logs, limits, clock, runOf }: ServiceEventsParts,
): AsyncGenerator<ServiceEvent, void, undefined> {
  const run = runOf(id);
  if (run === undefined || windowMs === 0) return;
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), windowMs);
  const until = AbortSignal.any([over.signal, signal]);
  try {
    const after = isNew ? run.begin : await logs.end(run.serviceId);
    const output = liveOutput(logs, run.serviceId, { after, end: run.end, limits, signal: until, clock });
    for await (const parts of output) for (const part of parts) yield outputEvent(part);
    if (until.aborted) return;
    const exit = await Promise.race([ended, aborted(until)]);
    if (exit === undefined) return;
    const at = clock.now();
    if (exit.exitCode !== undefined) yield { type: 'exit', at, exitCode: exit.exitCode };
    else yield { type: 'error', at, text: 'it ended unseen, with all of its sandbox' };
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

/** @returns the moment that comes after it */
async function* outputOfStopping(
  { id }: UnitRun,
  first: Promise<Moment>,
  more: () => Promise<Moment>,
  signal: AbortSignal,
  { logs, limits, clock, runOf }: ServiceEventsParts,
): AsyncGenerator<ServiceEvent, Moment, undefined> {
  const run = runOf(id);
  if (run === undefined) return first;
  const after = await Promise.race([run.stopBegin, aborted(signal)]);
  if (after === undefined) return first;
  const output = liveOutput(logs, run.serviceId, { after, end: run.end, limits, signal, clock });
  let moment = first;
  let parts = output.next();
  try {
    for (;;) {
      const winner = await Promise.race([moment.then(result => ({ result })), parts]);
      if ('result' in winner) {
        const { result } = winner;
        if (result.done || result.value.type !== 'killed') break;
        yield* told(result.value);
        moment = more();
      } else if (winner.done) return moment;
      else {
        for (const part of winner.value) yield outputEvent(part);
        parts = output.next();
      }
    }
    // Its end is known: the rest of its output comes first.
    for (let rest = await parts; !rest.done; rest = await output.next()) {
      for (const part of rest.value) yield outputEvent(part);
    }
    return moment;
  } finally {
    await output.return();
  }
}

function* told(moment: UnitEvent): Generator<ServiceEvent> {
  const { at } = moment;
  switch (moment.type) {
    case 'started':
    case 'stopping':
      return yield { type: moment.type, at };
    case 'error':
      return yield { type: 'error', at, text: moment.text };
    case 'killed':
      return yield { type: 'error', at, text: `did not stop within ${moment.timeoutMs / 1000}s, killed` };
    case 'stopped':
      return yield { type: 'stopped', at, exitCode: moment.exitCode ?? 0 };
  }
}

export function outputEvent({ stream, atMs, text, endsLine }: Output): ServiceEvent {
  return { type: 'output', at: new Date(atMs), stream, text: endsLine ? `${text}\n` : text };
}
