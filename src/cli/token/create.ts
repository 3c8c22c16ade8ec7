import type { Command } from 'commander';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { durationSeconds } from '../parse.ts';
import { printJson } from '../print.ts';

interface Options extends ServerOptions {
  readonly label?: string;
  readonly expiresIn?: number;
}

export function registerTokenCreate(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('create')
      .description('create a token and print it, this once')
      .option('--label <text>', 'what it is for')
      .option(
        '--expires-in <duration>',
        'such as 12h, 30d or a number of seconds (default: never)',
        durationSeconds,
      ),
  ).action(async ({ label, expiresIn, account, ...options }: Options) => {
    const { terminal } = context;
    const { client } = await connect(context, options);
    const token = await client.tokens.create({
      ...(label === undefined ? {} : { label }),
      ...(expiresIn === undefined ? {} : { expires_in_seconds: expiresIn }),
      ...(account === undefined ? {} : { account }),
    });
    if (options.json) {
      await printJson(terminal, token);
      return;
    }
    await terminal.out(token.token);
    const end = token.expires_at === null ? 'never expires' : `expires at ${token.expires_at}`;
    await terminal.err(`Token ${token.id} of ${token.account} ${end}. Keep it: it can't be shown again.`);
  });
}
