import type { Command } from 'commander';
import type { Checkpoint } from '../../../client/index.ts';
import { timeText } from '../../age.ts';
import type { Context } from '../../context.ts';
import { printJson, printTable } from '../../print.ts';
import { examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';

export function registerCheckpointList(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('list')
      .alias('ls')
      .description('list the checkpoints of a sprite, newest first')
      .argument('<name>')
      .addHelpText('after', examples('berth sprite checkpoint list box')),
  ).action(async (name: string, options: SpriteOptions) => {
    const { terminal } = context;
    const checkpoints = await (await spriteNamed(context, options, name)).checkpoints.list();
    if (options.json) {
      await printJson(terminal, { checkpoints });
      return;
    }
    const columns = [
      { title: 'id', value: ({ id }: Checkpoint) => id },
      { title: 'from', value: ({ source_id: source = '-' }: Checkpoint) => source },
      { title: 'created', value: ({ create_time: time }: Checkpoint) => timeText(time, terminal) },
      {
        title: 'comment',
        value: ({ comment = '' }: Checkpoint) => comment.replaceAll(/\p{Cc}+/gu, ' '),
      },
    ];
    const note = `There is no checkpoint. Make one: berth sprite checkpoint create ${name}`;
    await printTable(terminal, checkpoints, columns, note);
  });
}
