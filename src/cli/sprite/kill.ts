import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { printJsonLine } from '../print.ts';
import { examples, type SpriteOptions, spriteNamed, withSpriteOptions } from './options.ts';

interface Options extends SpriteOptions {
  readonly signal: string;
}

export function registerKill(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('kill')
      .description('end a session: a signal first, SIGKILL after 10 seconds')
      .argument('<name>')
      .argument('<id>', 'of the session')
      .option('--signal <name>', 'the first signal', 'SIGTERM')
      .addHelpText('after', examples('berth sprite kill box ID', 'berth sprite kill box ID --signal HUP')),
  ).action(async (name: string, id: string, options: Options) => {
    const { terminal } = context;
    const { sessions } = await spriteNamed(context, options, name);
    for await (const event of sessions.kill(id, options.signal)) {
      if (options.json) await printJsonLine(terminal, event);
      else if (event.message !== undefined) await terminal.err(event.message);
    }
    if (!options.json) await terminal.out(`Session ${id} has ended`);
  });
}
