import { ChangeWatch } from './change-watch.ts';
import type { LogGap, LogPiece, PieceReadOptions } from './logs.ts';
import { pieceSource } from './piece-source.ts';
import type { Segments } from './segments.ts';

/** The records of one log, in the way that `options` ask for them, a block at a time. */
export async function* readPieces(
  segments: Segments,
  { after = 0, end, signal }: PieceReadOptions,
): AsyncGenerator<readonly (LogPiece | LogGap)[], void, undefined> {
  const known = new AbortController();
  const endNow = await endOf(segments);
  let until = end === undefined ? endNow : Number.MAX_SAFE_INTEGER;
  end?.then(
    position => {
      until = position;
      known.abort();
    },
    // Whoever asks for an end and never gets one stops the reading by the signal.
    () => {},
  );
  const watch = end && new ChangeWatch(segments.folder, signal ? [known.signal, signal] : [known.signal]);
  const source = pieceSource(segments, after <= endNow ? after : 0);
  try {
    while (!signal?.aborted) {
      const isComplete = end === undefined || known.signal.aborted;
      const entries: (LogPiece | LogGap)[] = [];
      const result = await source.next(entries as LogPiece[], until);
      if (typeof result === 'object') entries.push(result);
      // The end may have been told while a block was read that goes beyond it.
      const wanted = entries.filter(({ cursor }) => cursor <= until);
      if (wanted.length > 0) yield wanted;
      if (result === 'end' && isComplete) return;
      if (result === 'end') await watch?.change();
    }
  } finally {
    watch?.close();
    await source.close();
  }
}

/** Position at which the log ends now. */
export async function endOf(segments: Segments): Promise<number> {
  const growing = await segments.growing();
  return growing === undefined ? 0 : growing.base + growing.bytes;
}
