import type { Command } from 'commander';
import type { UserSummary } from '../../client/index.ts';
import { timeText } from '../age.ts';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson, printTable } from '../print.ts';

export function registerUserList(parent: Command, context: Context): void {
  withServerOptions(parent.command('list').alias('ls').description('list users, oldest first')).action(
    async (options: ServerOptions) => {
      const { terminal } = context;
      const { client } = await connect(context, options);
      const users = await client.users.list();
      if (options.json) {
        await printJson(terminal, { users });
        return;
      }
      const columns = [
        { title: 'name', value: (user: UserSummary) => user.name },
        { title: 'role', value: (user: UserSummary) => user.role },
        { title: 'enabled', value: (user: UserSummary) => (user.enabled ? 'yes' : 'no') },
        { title: 'email', value: (user: UserSummary) => user.email ?? '-' },
        { title: 'created', value: (user: UserSummary) => timeText(user.created_at, terminal) },
      ];
      await printTable(terminal, users, columns, 'There is no user. Create one: berth user create NAME');
    },
  );
}
