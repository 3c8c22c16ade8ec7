import { BlockSource } from './block-source.ts';
import { LineAssembler, stepStart } from './line-assembler.ts';
import type { LogLine } from './logs.ts';
import type { Segments } from './segments.ts';

/** The lines of a log after a cursor; 0 for the start of the log. */
export function lineSource(segments: Segments, maxLineBytes: number, after: number): BlockSource<LogLine> {
  return new BlockSource(segments, {
    after,
    position: after === 0 ? 0 : stepStart(after - 1),
    takerAt: (position, isFirst) => new LineAssembler({ maxLineBytes, position, isFirst, after }),
  });
}
