import type { Command } from 'commander';
import { connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { streamsOf, terminalSize, terminalType } from './exec.ts';
import { examples, type ReachOptions, withReachOptions } from './options.ts';
import { passOn, runSession } from './run-session.ts';

/** The better shell of those that may be there. */
const loginShell = ['sh', '-c', 'command -v bash >/dev/null 2>&1 && exec bash -l; exec sh -l'];

export function registerConsole(parent: Command, context: Context): void {
  withReachOptions(
    parent
      .command('console')
      .description('open a shell in a sprite')
      .argument('<name>')
      .addHelpText(
        'after',
        `${examples('berth sprite console box', 'berth sprite sessions box', 'berth sprite attach box ID')}

Ctrl-\\ leaves it and lets it run on. The exit code is that of the shell; 125 when its end is not known.`,
      ),
  ).action(async (name: string, options: ReachOptions) => {
    const streams = streamsOf(context);
    const tty = terminalSize(streams, name);
    const { sprites } = (await connect(context, options)).client;
    await passOn(context, async () => {
      const { environment } = await sprites.get(name);
      const connection = await sprites.named(name).sessions.exec({
        command: loginShell,
        env: { ...environment, ...terminalType(context) },
        hasInput: true,
        tty,
      });
      return runSession(context, connection, { name, streams, sendInput: true });
    });
  });
}
