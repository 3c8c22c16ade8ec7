import type { Command } from 'commander';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson, printTable } from '../print.ts';

export function registerServiceList(parent: Command, context: Context): void {
  withServerOptions(parent.command('list').alias('ls').description('list services by name')).action(
    async (options: ServerOptions) => {
      const { client, account } = await connect(context, options);
      const services = await client.services.list(await account());
      if (options.json) {
        await printJson(context.terminal, { services });
        return;
      }
      const columns = [{ title: 'service', value: (name: string) => name }];
      const note = 'There is no service yet. Create one: berth service create NAME --dir DIR -- COMMAND';
      await printTable(context.terminal, services, columns, note);
    },
  );
}
