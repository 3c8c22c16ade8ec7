import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';
import { timeoutOption, timesOf } from './options.ts';
import { showEvents } from './show-events.ts';

interface Options extends SpriteOptions {
  readonly timeout?: number;
}

export function registerServiceStop(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('stop')
      .description('stop a service; it stays stopped until it is started again')
      .argument('<name>', 'of the sprite')
      .argument('<service>')
      .option(...timeoutOption)
      .addHelpText(
        'after',
        examples('berth sprite services stop box web', 'berth sprite services stop box web --timeout 1m'),
      ),
  ).action(async (name: string, service: string, options: Options) => {
    const { services } = await spriteNamed(context, options, name);
    const events = services.stop(service, timesOf(options));
    await showEvents(context, events, { service, json: options.json, passExitCode: false });
  });
}
