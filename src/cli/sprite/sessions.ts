import type { Command } from 'commander';
import type { SessionSummary } from '../../client/index.ts';
import { timeText } from '../age.ts';
import type { Context } from '../context.ts';
import { printJson, printTable } from '../print.ts';
import { examples, printable, type SpriteOptions, spriteNamed, withSpriteOptions } from './options.ts';

export function registerSessions(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('sessions')
      .description('list the commands that run in a sprite, attached or not')
      .argument('<name>')
      .addHelpText('after', examples('berth sprite sessions box', 'berth sprite attach box ID')),
  ).action(async (name: string, options: SpriteOptions) => {
    const { terminal } = context;
    const sessions = await (await spriteNamed(context, options, name)).sessions.list();
    if (options.json) {
      await printJson(terminal, { sessions });
      return;
    }
    const columns = [
      { title: 'id', value: (session: SessionSummary) => session.id },
      { title: 'terminal', value: (session: SessionSummary) => (session.tty ? 'yes' : 'no') },
      { title: 'attached', value: (session: SessionSummary) => (session.is_active ? 'yes' : 'no') },
      { title: 'created', value: (session: SessionSummary) => timeText(session.created, terminal) },
      { title: 'command', value: (session: SessionSummary) => printable(session.command) },
    ];
    await printTable(terminal, sessions, columns, 'No command runs there.');
  });
}
