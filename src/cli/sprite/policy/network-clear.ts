import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { printJson } from '../../print.ts';
import { examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';

export function registerNetworkClear(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('clear')
      .description('let a sprite reach everything again')
      .argument('<name>')
      .addHelpText('after', examples('berth sprite policy network clear box')),
  ).action(async (name: string, options: SpriteOptions) => {
    const { terminal } = context;
    await (await spriteNamed(context, options, name)).networkPolicy.set([]);
    if (options.json) await printJson(terminal, { rules: [] });
    else await terminal.out(`Sprite ${name} may reach everything`);
  });
}
