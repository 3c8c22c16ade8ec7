import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';
import { durationOption, timesOf } from './options.ts';
import { showEvents } from './show-events.ts';

interface Options extends SpriteOptions {
  readonly duration?: number;
}

export function registerServiceStart(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('start')
      .description('start a service, and what it needs')
      .argument('<name>', 'of the sprite')
      .argument('<service>')
      .option(...durationOption)
      .addHelpText(
        'after',
        `${examples('berth sprite services start box web', 'berth sprite services start box web --duration 0')}

The exit code is 1 when it can't be started, or ends meanwhile with another code than 0.`,
      ),
  ).action(async (name: string, service: string, options: Options) => {
    const { services } = await spriteNamed(context, options, name);
    const events = services.start(service, timesOf(options));
    await showEvents(context, events, { service, json: options.json, passExitCode: true });
  });
}
