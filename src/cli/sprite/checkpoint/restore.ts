import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';
import { followCheckpoint } from './follow.ts';

export function registerCheckpointRestore(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('restore')
      .description('put the files of a sprite back as they were; what runs in it is ended')
      .argument('<name>')
      .argument('<id>', 'of the checkpoint, such as v1')
      .addHelpText('after', examples('berth sprite checkpoint restore box v1')),
  ).action(async (name: string, id: string, options: SpriteOptions) => {
    const { checkpoints } = await spriteNamed(context, options, name);
    await followCheckpoint(context, checkpoints.restore(id), options);
  });
}
