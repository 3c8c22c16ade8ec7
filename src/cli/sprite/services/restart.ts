import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';
import { durationOption, timeoutOption, timesOf } from './options.ts';
import { showEvents } from './show-events.ts';

interface Options extends SpriteOptions {
  readonly duration?: number;
  readonly timeout?: number;
}

export function registerServiceRestart(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('restart')
      .description('stop a service if it runs, and start it')
      .argument('<name>', 'of the sprite')
      .argument('<service>')
      .option(...durationOption)
      .option(...timeoutOption)
      .addHelpText(
        'after',
        `${examples('berth sprite services restart box web')}

The exit code is 1 when it can't be started, or ends meanwhile with another code than 0.`,
      ),
  ).action(async (name: string, service: string, options: Options) => {
    const { services } = await spriteNamed(context, options, name);
    const events = services.restart(service, timesOf(options));
    await showEvents(context, events, { service, json: options.json, passExitCode: true });
  });
}
