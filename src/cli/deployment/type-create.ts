import type { Command } from 'commander';
import { connect, type ServerOptions, withConnectionOptions } from '../connection.ts';
import type { Context } from '../context.ts';

export function registerTypeCreate(parent: Command, context: Context): void {
  withConnectionOptions(
    parent
      .command('create')
      .description('make a type known before it has a deployment')
      .argument('<name>', 'letters, digits and _'),
  ).action(async (name: string, options: ServerOptions) => {
    const { client } = await connect(context, options);
    await client.workspaces.createType(name);
    await context.terminal.err(`Workspace type ${name} is there.`);
  });
}
