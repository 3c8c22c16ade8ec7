import type { Command } from 'commander';
import type { Role } from '../../client/index.ts';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';
import { newPassword } from './new-password.ts';
import { roleOption } from './role.ts';

interface Options extends ServerOptions {
  readonly role?: Role;
  readonly email?: string;
}

export function registerUserCreate(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('create')
      .description(
        'create a user, who has an account of the same name; asks for a password, or reads it from stdin',
      )
      .argument('<name>', 'small letters and digits, such as ada')
      .addOption(roleOption('super_admin may do everything (default: manage)'))
      .option('--email <address>', 'their address'),
  ).action(async (name: string, { role, email, ...options }: Options) => {
    const { client } = await connect(context, options);
    const password = await newPassword(context);
    const user = await client.users.create({
      name,
      password,
      ...(role && { role }),
      ...(email !== undefined && { email }),
    });
    if (options.json) await printJson(context.terminal, user);
    else await context.terminal.out(`User ${user.name} is there. They log in at ${client.url}/login`);
  });
}
