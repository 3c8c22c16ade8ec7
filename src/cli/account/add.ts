import type { Command } from 'commander';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';

export function registerAccountAdd(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('add')
      .description('let a user act for an organisation')
      .argument('<account>', 'the organisation')
      .argument('<user>', 'as `berth user list` shows it'),
  ).action(async (account: string, user: string, options: ServerOptions) => {
    const { client } = await connect(context, options);
    await client.accounts.addMember(account, user);
    if (options.json) await printJson(context.terminal, { account, user });
    else await context.terminal.out(`User ${user} acts for ${account} in every session.`);
  });
}
