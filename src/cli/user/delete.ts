import type { Command } from 'commander';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';

export function registerUserDelete(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('delete')
      .description('delete a user with their tokens and sessions; their account stays while it owns anything')
      .argument('<name>', 'as `berth user list` shows it'),
  ).action(async (name: string, options: ServerOptions) => {
    const { client } = await connect(context, options);
    await client.users.delete(name);
    if (options.json) await printJson(context.terminal, { deleted: name });
    else await context.terminal.out(`User ${name} is deleted.`);
  });
}
