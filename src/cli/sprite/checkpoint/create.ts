import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';
import { followCheckpoint } from './follow.ts';

interface Options extends SpriteOptions {
  readonly comment?: string;
}

export function registerCheckpointCreate(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('create')
      .description('copy the files of a sprite as they are now; it goes on running')
      .argument('<name>')
      .option('-m, --comment <text>', 'what it is')
      .addHelpText('after', examples("berth sprite checkpoint create box --comment 'before the upgrade'")),
  ).action(async (name: string, options: Options) => {
    const { checkpoints } = await spriteNamed(context, options, name);
    await followCheckpoint(context, checkpoints.create(options.comment), options);
  });
}
