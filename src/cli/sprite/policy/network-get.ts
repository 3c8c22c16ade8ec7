import type { Command } from 'commander';
import type { NetworkRule } from '../../../client/index.ts';
import type { Context } from '../../context.ts';
import { printJson, printTable } from '../../print.ts';
import { examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';

export function registerNetworkGet(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('get')
      .description('show what a sprite may reach')
      .argument('<name>')
      .addHelpText('after', examples('berth sprite policy network get box')),
  ).action(async (name: string, options: SpriteOptions) => {
    const { terminal } = context;
    const rules = await (await spriteNamed(context, options, name)).networkPolicy.get();
    if (options.json) {
      await printJson(terminal, { rules });
      return;
    }
    const columns = [
      { title: 'action', value: (rule: NetworkRule) => ('domain' in rule ? rule.action : 'allow') },
      {
        title: 'name',
        value: (rule: NetworkRule) => ('domain' in rule ? rule.domain : "the server's defaults"),
      },
    ];
    await printTable(terminal, rules, columns, 'There is no rule: it may reach everything.');
  });
}
