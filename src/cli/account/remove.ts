import type { Command } from 'commander';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';

export function registerAccountRemove(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('remove')
      .description('let a user no longer act for an organisation')
      .argument('<account>', 'the organisation')
      .argument('<user>', 'as `berth user list` shows it'),
  ).action(async (account: string, user: string, options: ServerOptions) => {
    const { client } = await connect(context, options);
    await client.accounts.removeMember(account, user);
    if (options.json) await printJson(context.terminal, { account, user });
    else await context.terminal.out(`User ${user} no longer acts for ${account}.`);
  });
}
