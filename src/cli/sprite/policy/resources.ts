import type { Command } from 'commander';
import type { Resources } from '../../../client/index.ts';
import type { Context } from '../../context.ts';
import { wholeNumber } from '../../parse.ts';
import { printJson } from '../../print.ts';
import { factLines } from '../../table.ts';
import { examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';

interface SetOptions extends SpriteOptions {
  readonly memory: number;
  readonly autoscale?: boolean;
}

const mostMebibytes = 2 ** 32;

/** `berth sprite policy resources …` */
export function registerResources(policy: Command, context: Context): void {
  const resources = policy
    .command('resources')
    .description('how much a sprite may use; in force at once')
    .helpCommand(false);
  registerGet(resources, context);
  registerSet(resources, context);
  registerClear(resources, context);
}

function registerGet(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('get')
      .description('show what is set')
      .argument('<name>')
      .addHelpText('after', examples('berth sprite policy resources get box')),
  ).action(async (name: string, options: SpriteOptions) => {
    const { terminal } = context;
    const found = await (await spriteNamed(context, options, name)).resources.get();
    if (options.json) {
      await printJson(terminal, found);
      return;
    }
    const { limit_mb: limit, autoscale } = found.memory ?? {};
    const facts = factLines(
      [
        ['memory', limit === undefined ? undefined : `${limit} MiB`],
        ['grows', autoscale === undefined ? undefined : autoscale ? 'yes' : 'no'],
      ],
      terminal.outColours,
    );
    if (facts.length === 0) await terminal.err('Nothing is set: it may use what it was made with.');
    for (const line of facts) await terminal.out(line);
  });
}

function registerSet(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('set')
      .description('set how much it may use')
      .argument('<name>')
      .requiredOption('--memory <MiB>', 'of all its programs together', wholeNumber(1, mostMebibytes))
      .option('--autoscale', 'let it grow, where the server can')
      .addHelpText('after', examples('berth sprite policy resources set box --memory 512')),
  ).action(async (name: string, options: SetOptions) => {
    const { terminal } = context;
    const { memory, autoscale } = options;
    const wanted: Resources = { memory: { limit_mb: memory, ...(autoscale && { autoscale }) } };
    await (await spriteNamed(context, options, name)).resources.set(wanted);
    if (options.json) await printJson(terminal, wanted);
    else await terminal.out(`Sprite ${name} may use ${memory} MiB of memory`);
  });
}

function registerClear(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('clear')
      .description('let a sprite use what it was made with')
      .argument('<name>')
      .addHelpText('after', examples('berth sprite policy resources clear box')),
  ).action(async (name: string, options: SpriteOptions) => {
    const { terminal } = context;
    await (await spriteNamed(context, options, name)).resources.clear();
    if (options.json) await printJson(terminal, {});
    else await terminal.out(`Sprite ${name} may use what it was made with`);
  });
}
