import type { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import { connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';
import { examples, type SpriteOptions, withSpriteOptions } from './options.ts';

interface Options extends SpriteOptions {
  readonly yes?: boolean;
}

export function registerSpriteDestroy(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('destroy')
      .description('destroy sprites with their files and checkpoints')
      .argument('<names...>')
      .option('-y, --yes', 'do not ask')
      .addHelpText('after', examples('berth sprite destroy box', 'berth sprite destroy --yes ci-1 ci-2')),
  ).action(async (names: string[], options: Options) => {
    const { terminal } = context;
    const { client } = await connect(context, options);
    if (!options.yes) {
      // Asking about what is not there would be odd.
      for (const name of names) await client.sprites.get(name);
      await confirm(context, names);
    }
    for (const name of names) {
      await client.sprites.destroy(name);
      if (!options.json) await terminal.out(`Sprite ${name} is destroyed`);
    }
    if (options.json) await printJson(terminal, { destroyed: names });
  });
}

/** @throws {CommandError} when the answer is not yes, and when nobody can be asked */
async function confirm({ input }: Context, names: readonly string[]): Promise<void> {
  if (!input?.isTerminal) {
    const again = `berth sprite destroy --yes ${names.join(' ')}`;
    throw new CommandError(
      `this deletes files for good, and nobody can be asked here. To do it: ${again}`,
      2,
    );
  }
  const what = names.length === 1 ? `sprite ${names[0]}` : `${names.length} sprites (${names.join(', ')})`;
  const answer = await input.line(`Destroy ${what} with all files and checkpoints? [y/N] `);
  if (!/^y(es)?$/i.test(answer?.trim() ?? '')) throw new CommandError('nothing is destroyed');
}
