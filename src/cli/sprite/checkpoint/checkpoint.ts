import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { registerCheckpointCreate } from './create.ts';
import { registerCheckpointDelete } from './delete.ts';
import { registerCheckpointList } from './list.ts';
import { registerCheckpointRestore } from './restore.ts';

export function registerCheckpoint(parent: Command, context: Context): void {
  const checkpoint = parent
    .command('checkpoint')
    .description('keep copies of the files of a sprite, and go back to them')
    .helpCommand(false);
  registerCheckpointCreate(checkpoint, context);
  registerCheckpointList(checkpoint, context);
  registerCheckpointRestore(checkpoint, context);
  registerCheckpointDelete(checkpoint, context);
}
