import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { printJson } from '../../print.ts';
import { examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';

export function registerServiceSignal(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('signal')
      .description('send a signal to the main process of a service; one that dies of it is started again')
      .argument('<name>', 'of the sprite')
      .argument('<service>')
      .argument('<signal>', 'its name, with or without SIG, or its number')
      .addHelpText('after', examples('berth sprite services signal box web HUP')),
  ).action(async (name: string, service: string, signal: string, options: SpriteOptions) => {
    const { terminal } = context;
    await (await spriteNamed(context, options, name)).services.signal(service, signal);
    if (options.json) await printJson(terminal, { service, signal });
    else await terminal.out(`Signal ${signal} was sent to service ${service}`);
  });
}
