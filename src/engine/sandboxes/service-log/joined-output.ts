import type { Clock } from '../../../lib/clock.ts';
import type { LogGap, LogPiece, Logs } from '../../../logs/logs.ts';
import type { JoiningLimits } from './limits.ts';
import { type HeldOutput, type Output, OutputJoiner } from './output-joiner.ts';

export interface JoinedOutputOptions {
  /** Position in the log to begin at. */
  readonly after: number;
  /** Lines that had not ended there. */
  readonly held?: readonly HeldOutput[];
  /** Tells where to end, once that is known. */
  readonly end: Promise<number>;
  readonly limits: JoiningLimits;
  readonly clock: Clock;
  /** A batch is given on when its lines have about so many bytes, or there is nothing more to read. */
  readonly batchBytes: number;
  /** Ends it at once. */
  readonly signal: AbortSignal;
  /** What becomes of lines that have not ended when the signal fires: kept for who goes on, or given on as they are. */
  readonly atSignal: 'keep' | 'give on';
}

export interface OutputBatch {
  readonly output: readonly Output[];
  /** About so many bytes in a file. */
  readonly bytes: number;
  /** All up to here is in this batch and those before, but for what is held. */
  readonly cursor: number;
  readonly held: readonly HeldOutput[];
}

/** Time and stream of a line in a file, and its newline. */
const lineOverheadBytes = 36;

type Block = readonly (LogPiece | LogGap)[];

/** The output in a log as lines, from a position to another, as it comes. */
export async function* joinedOutput(
  logs: Pick<Logs, 'readPieces'>,
  logId: string,
  options: JoinedOutputOptions,
): AsyncGenerator<OutputBatch, void, undefined> {
  const { after, end, limits, batchBytes, signal, clock } = options;
  const joiner = new OutputJoiner(limits, options.held);
  const blocks = logs.readPieces(logId, { after, end, signal })[Symbol.asyncIterator]();
  let cursor = after;
  const batch = (output: readonly Output[]): OutputBatch => {
    const bytes = output.reduce((sum, { text }) => sum + text.length + lineOverheadBytes, 0);
    return { output, bytes, cursor, held: joiner.held() };
  };
  try {
    for (let next = blocks.next(); ; ) {
      const block = await unlessSilent(next, joiner.isWaiting ? limits.silenceMs : undefined);
      let output: Output[] = [];
      if (block === 'silence') {
        joiner.silence(output);
        yield batch(output);
        continue;
      }
      if (block.done) break;
      next = blocks.next();
      // It is awaited in the next round, unless nobody wants more.
      next.catch(() => {});
      let bytes = 0;
      for (const entry of block.value) {
        const first = output.length;
        if (entry.type === 'piece') joiner.take(entry, output);
        else {
          joiner.end(output);
          output.push(gapLine(entry, clock));
        }
        cursor = entry.cursor;
        for (const { text } of output.slice(first)) bytes += text.length + lineOverheadBytes;
        if (bytes < batchBytes) continue;
        yield batch(output);
        output = [];
        bytes = 0;
      }
      yield batch(output);
    }
    if (signal.aborted && options.atSignal === 'keep') return;
    const last: Output[] = [];
    joiner.end(last);
    if (!signal.aborted) cursor = Math.max(cursor, await end);
    yield batch(last);
  } finally {
    await blocks.return?.();
  }
}

async function unlessSilent(
  next: Promise<IteratorResult<Block>>,
  silenceMs: number | undefined,
): Promise<IteratorResult<Block> | 'silence'> {
  if (silenceMs === undefined) return next;
  const { promise, resolve } = Promise.withResolvers<'silence'>();
  const timer = setTimeout(() => resolve('silence'), silenceMs);
  try {
    return await Promise.race([next, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function gapLine(gap: LogGap, clock: Clock): Output {
  return {
    stream: 'stderr',
    atMs: clock.now().getTime(),
    text: `berth: ${gap.lostBytes} bytes of older output are no longer kept`,
    endsLine: true,
    continues: false,
  };
}
