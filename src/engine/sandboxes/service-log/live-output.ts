import { type Clock, systemClock } from '../../../lib/clock.ts';
import type { Logs } from '../../../logs/logs.ts';
import { joinedOutput } from './joined-output.ts';
import type { JoiningLimits } from './limits.ts';
import type { Output } from './output-joiner.ts';

export interface LiveOutputOptions {
  /** Position in the log to begin at: its end before the process was launched, or now. */
  readonly after: number;
  /** Tells where the output of the process ends, once it has ended. */
  readonly end: Promise<number>;
  readonly limits: JoiningLimits;
  /** Ends it; what was read so far is given on. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/**
 * The output of a process as it comes, with its exact bytes: a part ends in a newline where `endsLine` says so.
 * Some parts at a time.
 */
export async function* liveOutput(
  logs: Pick<Logs, 'readPieces'>,
  logId: string,
  { clock = systemClock, ...options }: LiveOutputOptions,
): AsyncGenerator<readonly Output[], void, undefined> {
  const batchBytes = Number.MAX_SAFE_INTEGER;
  for await (const { output } of joinedOutput(logs, logId, {
    ...options,
    clock,
    batchBytes,
    atSignal: 'give on',
  })) {
    if (output.length > 0) yield output;
  }
}
