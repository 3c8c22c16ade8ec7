import type { Command } from 'commander';
import { connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { environmentPair } from '../parse.ts';
import { printJson } from '../print.ts';
import { Progress } from '../progress.ts';
import { collect, examples, type SpriteOptions, withSpriteOptions } from './options.ts';

interface Options extends SpriteOptions {
  readonly label?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly public?: boolean;
}

export function registerSpriteCreate(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('create')
      .description('create a sprite and start it')
      .argument('<name>', 'small letters, digits and hyphens')
      .option('--label <text>', 'a word to find it by (repeatable)', collect)
      .option('-e, --env <KEY=value>', 'a variable for all that runs in it (repeatable)', environmentPair)
      .option('--public', 'its URL needs no token')
      .addHelpText(
        'after',
        examples('berth sprite create box', 'berth sprite create web --public --env PORT=8080 --label demo'),
      ),
  ).action(async (name: string, options: Options) => {
    const { terminal } = context;
    const { client } = await connect(context, options);
    const progress = new Progress(terminal);
    if (!options.json) await progress.show(`Sprite ${name} is starting`);
    const sprite = await client.sprites
      .create({
        name,
        ...(options.label && { labels: options.label }),
        ...(options.env && { environment: options.env }),
        ...(options.public && { url_settings: { auth: 'public' } }),
      })
      .finally(() => progress.end());
    if (options.json) {
      await printJson(terminal, sprite);
      return;
    }
    await terminal.err(
      `Sprite ${name} runs after ${progress.seconds} s. Go in: berth sprite console ${name}`,
    );
    await terminal.out(sprite.url);
  });
}
