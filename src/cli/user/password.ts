import type { Command } from 'commander';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';
import { newPassword } from './new-password.ts';

export function registerUserPassword(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('password')
      .description('set a password, asked for or read from stdin; ends the sessions of the user')
      .argument('<name>', 'as `berth user list` shows it'),
  ).action(async (name: string, options: ServerOptions) => {
    const { client } = await connect(context, options);
    await client.users.setPassword(name, await newPassword(context));
    if (options.json) await printJson(context.terminal, { changed: name });
    else await context.terminal.out(`User ${name} has a new password.`);
  });
}
