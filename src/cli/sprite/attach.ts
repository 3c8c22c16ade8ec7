import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { streamsOf } from './exec.ts';
import { examples, type ReachOptions, spriteNamed, withReachOptions } from './options.ts';
import { passOn, runSession } from './run-session.ts';

export function registerAttach(parent: Command, context: Context): void {
  withReachOptions(
    parent
      .command('attach')
      .description('go back to a session, with what it wrote before')
      .argument('<name>')
      .argument('<id>', 'of the session')
      .addHelpText(
        'after',
        `${examples('berth sprite sessions box', 'berth sprite attach box ID')}

Ctrl-\\ leaves it and lets it run on. The exit code is that of the command; 125 when its end is not known.`,
      ),
  ).action(async (name: string, id: string, options: ReachOptions) => {
    const streams = streamsOf(context);
    const sprite = await spriteNamed(context, options, name);
    await passOn(context, async () => {
      const connection = await sprite.sessions.attach(id);
      // The end of an input that is not typed is not the end of the session's.
      const sendInput = streams.stdinIsTerminal;
      return runSession(context, connection, { name, streams, sendInput, quitDetaches: true });
    });
  });
}
