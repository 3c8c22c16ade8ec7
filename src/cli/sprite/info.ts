import type { Command } from 'commander';
import { timeText } from '../age.ts';
import { paint, spriteStyle } from '../colours.ts';
import { connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';
import { factLines } from '../table.ts';
import { examples, type SpriteOptions, withSpriteOptions } from './options.ts';

export function registerSpriteInfo(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('info')
      .description('show a sprite, without waking it')
      .argument('<name>')
      .addHelpText('after', examples('berth sprite info box')),
  ).action(async (name: string, options: SpriteOptions) => {
    const { terminal } = context;
    const { client } = await connect(context, options);
    const sprite = await client.sprites.get(name);
    if (options.json) {
      await printJson(terminal, sprite);
      return;
    }
    const { status, labels, environment, url_settings: settings, last_running_at: lastRunning } = sprite;
    const config = Object.entries(sprite.config ?? {}).map(([key, value]) => `${key}=${value}`);
    const facts = factLines(
      [
        ['name', sprite.name],
        ['id', sprite.id],
        ['account', sprite.organization],
        ['status', paint(terminal.outColours, spriteStyle(status), status)],
        ['url', sprite.url],
        ['access', settings.auth === 'public' ? 'public' : 'with a token'],
        ['labels', labels.length === 0 ? undefined : labels.join(', ')],
        ['variables', Object.keys(environment).join(', ') || undefined],
        ['config', config.join(', ') || undefined],
        ['created', timeText(sprite.created_at, terminal)],
        ['last running', lastRunning === undefined ? undefined : timeText(lastRunning, terminal)],
      ],
      terminal.outColours,
    );
    for (const line of facts) await terminal.out(line);
  });
}
