import type { Command } from 'commander';
import type { Role } from '../../client/index.ts';
import { CommandError } from '../command-error.ts';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';
import { roleOption } from './role.ts';

interface Options extends ServerOptions {
  readonly role?: Role;
  readonly email?: string;
  readonly enable?: boolean;
  readonly disable?: boolean;
}

export function registerUserChange(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('change')
      .description('change role or address of a user, or whether they are let in')
      .argument('<name>', 'as `berth user list` shows it')
      .addOption(roleOption('another role; ends their sessions'))
      .option('--email <address>', 'another address; an empty one takes it away')
      .option('--disable', 'refuse them, with whatever token or session they come')
      .option('--enable', 'let them in again'),
  ).action(async (name: string, { role, email, enable, disable, ...options }: Options) => {
    const nothing = role === undefined && email === undefined && !enable && !disable;
    if (nothing || (enable && disable)) {
      throw new CommandError('say what to change: --role, --email, --enable or --disable', 2);
    }
    const { client } = await connect(context, options);
    const user = await client.users.change(name, {
      ...(role && { role }),
      ...(email !== undefined && { email }),
      ...((enable || disable) && { enabled: enable === true }),
    });
    if (options.json) await printJson(context.terminal, user);
    else
      await context.terminal.out(`User ${user.name} is ${user.role}${user.enabled ? '' : ', and disabled'}.`);
  });
}
