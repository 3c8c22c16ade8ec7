import type { Command } from 'commander';
import type { AccountSummary } from '../../client/index.ts';
import { timeText } from '../age.ts';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson, printTable } from '../print.ts';

type Row = AccountSummary & { readonly members: readonly string[] };

export function registerAccountList(parent: Command, context: Context): void {
  withServerOptions(
    parent.command('list').alias('ls').description('list accounts by name, with their members'),
  ).action(async (options: ServerOptions) => {
    const { terminal } = context;
    const { client } = await connect(context, options);
    const accounts: Row[] = [];
    for (const account of await client.accounts.list()) {
      accounts.push({ ...account, members: await client.accounts.members(account.name) });
    }
    if (options.json) {
      await printJson(terminal, { accounts });
      return;
    }
    const columns = [
      { title: 'name', value: (account: Row) => account.name },
      { title: 'enabled', value: (account: Row) => (account.enabled ? 'yes' : 'no') },
      { title: 'created', value: (account: Row) => timeText(account.created_at, terminal) },
      { title: 'members', value: (account: Row) => account.members.join(', ') || '-' },
    ];
    await printTable(terminal, accounts, columns, 'There is no account.');
  });
}
