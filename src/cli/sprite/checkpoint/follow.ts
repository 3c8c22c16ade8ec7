import type { CheckpointEvent } from '../../../client/index.ts';
import { CommandError } from '../../command-error.ts';
import type { Context } from '../../context.ts';
import { printJsonLine } from '../../print.ts';
import { Progress } from '../../progress.ts';

/**
 * Tells what becomes of an operation on checkpoints, until it is done.
 * @throws {CommandError} when it failed
 */
export async function followCheckpoint(
  { terminal }: Context,
  events: AsyncIterable<CheckpointEvent>,
  { json }: { readonly json?: boolean },
): Promise<void> {
  const progress = new Progress(terminal);
  try {
    for await (const event of events) {
      if (json) await printJsonLine(terminal, event);
      if (event.type === 'error') throw new CommandError(event.error ?? 'it failed');
      if (json) continue;
      if (event.type === 'info') {
        await progress.show(event.data ?? '');
      } else {
        progress.end();
        await terminal.out(event.data ?? '');
      }
    }
  } finally {
    progress.end();
  }
}
