import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { NewService } from '../../client/index.ts';
import { CommandError } from '../command-error.ts';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { environmentPair } from '../parse.ts';
import { printJson } from '../print.ts';

interface Options extends ServerOptions {
  readonly dir?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function registerServiceCreate(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('create')
      .description('create a service that runs an image, or a command of the server’s machine')
      .usage('[options] <name> [-- COMMAND ARGS…]')
      .argument('<name>', 'small letters, digits and hyphens')
      .argument('[command...]', 'what its backends run; it must listen on the port in the variable PORT')
      .option('--dir <folder>', 'the folder that the command starts in')
      .option('-e, --env <KEY=value>', 'a variable for all its backends (repeatable)', environmentPair),
  ).action(async (name: string, [command, ...args]: string[], options: Options) => {
    const { dir, env } = options;
    if (command === undefined && dir !== undefined) {
      throw new CommandError(
        '--dir goes together with a command: berth service create NAME --dir DIR -- COMMAND',
        2,
      );
    }
    const service: NewService = {
      name,
      ...(command === undefined ? {} : { command, args }),
      ...(dir === undefined ? {} : { dir: resolve(dir) }),
      ...(env === undefined ? {} : { env }),
    };
    const { client, account } = await connect(context, options);
    await client.services.create(await account(), service);
    const { terminal } = context;
    if (options.json) await printJson(terminal, service);
    else await terminal.out(`Service ${name} is there. Start a backend of it: berth spawn ${name}`);
  });
}
