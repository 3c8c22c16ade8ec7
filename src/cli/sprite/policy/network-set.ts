import type { Command } from 'commander';
import type { NetworkRule } from '../../../client/index.ts';
import { CommandError } from '../../command-error.ts';
import type { Context } from '../../context.ts';
import { printJson } from '../../print.ts';
import { collect, examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';

interface Options extends SpriteOptions {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly defaults?: boolean;
}

export function registerNetworkSet(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('set')
      .description('let a sprite reach only these names, in place of all rules before')
      .argument('<name>')
      .option('--allow <domain>', 'a host, *.suffix or * (repeatable)', collect)
      .option('--deny <domain>', 'the same, refused where --allow fits less closely (repeatable)', collect)
      .option('--defaults', 'what programs usually need: package registries and the like')
      .addHelpText(
        'after',
        examples(
          "berth sprite policy network set box --allow example.com --allow '*.example.org'",
          'berth sprite policy network set box --defaults --deny registry.npmjs.org',
          "berth sprite policy network set box --deny '*'",
        ),
      ),
  ).action(async (name: string, { allow = [], deny = [], defaults = false, ...options }: Options) => {
    const rules: NetworkRule[] = [
      ...allow.map(domain => ({ domain, action: 'allow' as const })),
      ...deny.map(domain => ({ domain, action: 'deny' as const })),
      ...(defaults ? [{ include: 'defaults' as const }] : []),
    ];
    if (rules.length === 0) {
      const ways = `--allow DOMAIN, --deny DOMAIN or --defaults. To allow everything: berth sprite policy network clear ${name}`;
      throw new CommandError(`at least one rule is needed: ${ways}`, 2);
    }
    const { terminal } = context;
    await (await spriteNamed(context, options, name)).networkPolicy.set(rules);
    if (options.json) await printJson(terminal, { rules });
    else await terminal.out(`Sprite ${name} may reach only what its rules allow`);
  });
}
