import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { printJson } from '../../print.ts';
import { examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';

export function registerCheckpointDelete(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('delete')
      .description('delete checkpoints of a sprite')
      .argument('<name>')
      .argument('<ids...>', 'of the checkpoints, such as v1')
      .addHelpText('after', examples('berth sprite checkpoint delete box v1 v2')),
  ).action(async (name: string, ids: string[], options: SpriteOptions) => {
    const { terminal } = context;
    const { checkpoints } = await spriteNamed(context, options, name);
    for (const id of ids) {
      await checkpoints.delete(id);
      if (!options.json) await terminal.out(`Checkpoint ${id} is deleted`);
    }
    if (options.json) await printJson(terminal, { deleted: ids });
  });
}
