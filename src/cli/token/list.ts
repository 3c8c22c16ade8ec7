import type { Command } from 'commander';
import type { TokenSummary } from '../../client/index.ts';
import { timeText } from '../age.ts';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson, printTable } from '../print.ts';

export function registerTokenList(parent: Command, context: Context): void {
  withServerOptions(parent.command('list').alias('ls').description('list tokens, newest first')).action(
    async (options: ServerOptions) => {
      const { terminal } = context;
      const { client } = await connect(context, options);
      const tokens = await client.tokens.list(options.account);
      if (options.json) {
        await printJson(terminal, { tokens });
        return;
      }
      const columns = [
        { title: 'id', value: (token: TokenSummary) => token.id },
        { title: 'label', value: (token: TokenSummary) => token.label || '-' },
        { title: 'begins with', value: (token: TokenSummary) => `${token.public_part}.` },
        { title: 'account', value: (token: TokenSummary) => token.account },
        { title: 'created', value: (token: TokenSummary) => timeText(token.created_at, terminal) },
        {
          title: 'expires',
          value: (token: TokenSummary) =>
            token.expires_at === null ? 'never' : timeText(token.expires_at, terminal),
        },
      ];
      await printTable(terminal, tokens, columns, 'There is no token. Create one: berth token create');
    },
  );
}
