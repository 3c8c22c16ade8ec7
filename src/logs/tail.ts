import { lineSource } from './line-source.ts';
import type { LogLine } from './logs.ts';
import type { Segments } from './segments.ts';

const firstWindowBytes = 64 * 1024;

export interface TailQuery {
  readonly maxLineBytes: number;
  readonly lines: number;
  /** Where the log ends now. */
  readonly end: number;
  /** Whether lines that are not finished yet count. */
  readonly unfinished: boolean;
}

/** The cursor after which the last `lines` entries stand. Reads windows at the end, each larger than the last. */
export async function cursorBeforeTail(segments: Segments, query: TailQuery): Promise<number> {
  const first = (await segments.list()).rotated[0] ?? 0;
  for (let windowBytes = firstWindowBytes; ; ) {
    const after = Math.max(first, query.end - windowBytes);
    const { cursor, count } = await lastUnwanted(segments, query, after);
    if (cursor !== undefined) return cursor;
    if (after === first) return first;
    const growth = (1.5 * (query.lines + 1)) / (count + 1);
    windowBytes = Math.ceil(windowBytes * Math.min(64, Math.max(2, growth)));
  }
}

interface WindowResult {
  /** The last entry that is not of the tail; undefined when the window holds none. */
  readonly cursor: number | undefined;
  readonly count: number;
}

async function lastUnwanted(segments: Segments, query: TailQuery, after: number): Promise<WindowResult> {
  const kept = query.lines + 1;
  const cursors = new Float64Array(kept);
  let count = 0;
  const source = lineSource(segments, query.maxLineBytes, after);
  try {
    for (let result: unknown = 'more'; result !== 'end'; ) {
      const lines: LogLine[] = [];
      result = await source.next(lines, query.end);
      if (result === 'end' && query.unfinished) source.unfinished(lines);
      for (const line of lines) cursors[count++ % kept] = line.cursor;
    }
  } finally {
    await source.close();
  }
  return { cursor: count >= kept ? cursors[count % kept] : undefined, count };
}
