import type { Command } from 'commander';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';

export function registerServiceDelete(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('delete')
      .alias('rm')
      .description('delete a service and end its backends')
      .argument('<name>', 'its name'),
  ).action(async (name: string, options: ServerOptions) => {
    const { client, account } = await connect(context, options);
    await client.services.delete(await account(), name);
    if (options.json) await printJson(context.terminal, { deleted: name });
    else await context.terminal.out(`Service ${name} is deleted; its backends are ending.`);
  });
}
