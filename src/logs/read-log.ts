import type { BlockSource } from './block-source.ts';
import { ChangeWatch } from './change-watch.ts';
import { maxUnfinishedEntries } from './line-assembler.ts';
import { lineSource } from './line-source.ts';
import type { LogEntry, LogLine, LogReadOptions } from './logs.ts';
import type { Segments } from './segments.ts';
import { cursorBeforeTail } from './tail.ts';

/**
 * The entries of one log, in the way that `options` ask for them. A cursor that no entry of this log can have
 * is taken for the start.
 */
export async function* readLog(
  segments: Segments,
  maxLineBytes: number,
  options: LogReadOptions,
): AsyncGenerator<LogEntry, void, undefined> {
  const { followUntil, signal } = options;
  const watch =
    followUntil && new ChangeWatch(segments.folder, signal ? [followUntil, signal] : [followUntil]);
  let source: BlockSource<LogLine> | undefined;
  try {
    const growing = await segments.growing();
    const end = growing === undefined ? 0 : growing.base + growing.bytes;
    source = lineSource(segments, maxLineBytes, await cursorBefore(segments, maxLineBytes, options, end));

    const until = followUntil === undefined ? end : Number.MAX_SAFE_INTEGER;
    const lines: LogLine[] = [];
    for (;;) {
      const isComplete = followUntil === undefined || followUntil.aborted;
      lines.length = 0;
      const result = await source.next(lines, until);
      const isLast = result === 'end' && isComplete;
      if (isLast) source.unfinished(lines);
      for (const line of lines) {
        if (signal?.aborted) return;
        yield line;
      }
      if (typeof result === 'object') yield result;
      if (isLast || signal?.aborted) return;
      if (result === 'end') await watch?.change();
    }
  } finally {
    watch?.close();
    await source?.close();
  }
}

async function cursorBefore(
  segments: Segments,
  maxLineBytes: number,
  options: LogReadOptions,
  end: number,
): Promise<number> {
  const { after = 0, tail, followUntil } = options;
  if (tail !== undefined) {
    return cursorBeforeTail(segments, {
      maxLineBytes,
      lines: tail,
      end,
      unfinished: followUntil === undefined,
    });
  }
  const isKnown = Number.isSafeInteger(after) && after > 0 && after <= end + maxUnfinishedEntries;
  return isKnown ? after : 0;
}
