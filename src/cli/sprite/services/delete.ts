import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { printJson } from '../../print.ts';
import { examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';

export function registerServiceDelete(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('delete')
      .description('stop services and forget them; their log files stay')
      .argument('<name>', 'of the sprite')
      .argument('<services...>')
      .addHelpText(
        'after',
        examples('berth sprite services delete box web', 'berth sprite services delete box app db'),
      ),
  ).action(async (name: string, services: string[], options: SpriteOptions) => {
    const { terminal } = context;
    const sprite = await spriteNamed(context, options, name);
    for (const service of services) {
      await sprite.services.delete(service);
      if (!options.json) await terminal.out(`Service ${service} is deleted`);
    }
    if (options.json) await printJson(terminal, { deleted: services });
  });
}
