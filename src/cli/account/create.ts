import type { Command } from 'commander';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';

export function registerAccountCreate(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('create')
      .description('create an organisation: an account that several users may belong to')
      .argument('<name>', 'small letters and digits, such as acme'),
  ).action(async (name: string, options: ServerOptions) => {
    const { client } = await connect(context, options);
    const account = await client.accounts.create(name);
    if (options.json) await printJson(context.terminal, account);
    else
      await context.terminal.out(`Account ${name} is there. Let a user in: berth account add ${name} USER`);
  });
}
