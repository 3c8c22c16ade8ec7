import type { Command } from 'commander';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';

export function registerTokenRevoke(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('revoke')
      .description('make a token useless at once')
      .argument('<id>', 'its id, as `berth token list` shows it'),
  ).action(async (id: string, options: ServerOptions) => {
    const { client } = await connect(context, options);
    await client.tokens.revoke(id, options.account);
    if (options.json) await printJson(context.terminal, { revoked: id });
    else await context.terminal.out(`Token ${id} is revoked.`);
  });
}
