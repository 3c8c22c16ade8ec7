import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { wholeNumber } from '../../parse.ts';
import { examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';
import { seconds } from './options.ts';
import { showEvents } from './show-events.ts';

interface Options extends SpriteOptions {
  readonly lines?: number;
  readonly follow?: boolean;
  readonly duration?: number;
}

/** The server's usual limit. */
const longestFollowSeconds = 3600;
const mostLines = 1_000_000_000;

export function registerServiceLogs(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('logs')
      .description('print what a service has written, each output where it was written to')
      .argument('<name>', 'of the sprite')
      .argument('<service>')
      .option('-n, --lines <number>', 'only the last ones', wholeNumber(0, mostLines))
      .option('-f, --follow', 'go on with what it writes from now on, for an hour at most')
      .option('--duration <time>', 'go on for so long only, such as 30s', seconds)
      .addHelpText(
        'after',
        examples(
          'berth sprite services logs box web',
          'berth sprite services logs box web --lines 20 --follow',
          'berth sprite services logs box web 2>/dev/null    # without what it wrote to its standard error',
        ),
      ),
  ).action(async (name: string, service: string, options: Options) => {
    const { lines, follow = false, json } = options;
    const duration = options.duration ?? (follow ? longestFollowSeconds : undefined);
    const { services } = await spriteNamed(context, options, name);
    const wanted = { ...(lines !== undefined && { lines }), ...(duration !== undefined && { duration }) };
    await showEvents(context, services.logs(service, wanted), { service, json, passExitCode: false });
  });
}
