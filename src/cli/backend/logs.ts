import type { Command } from 'commander';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { wholeNumber } from '../parse.ts';
import { printJsonLine } from '../print.ts';
import { backendId } from './id.ts';

interface Options extends ServerOptions {
  readonly tail?: number;
  readonly follow: boolean;
}

export function registerBackendLogs(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('logs')
      .description('print what a backend has written, and follow it until it has ended')
      .argument('<id>', 'its id, or the beginning of it')
      .option('-n, --tail <lines>', 'only the last lines of what there is already', wholeNumber(0, 100_000))
      .option('--no-follow', 'print what there is and end'),
  ).action(async (text: string, options: Options) => {
    const { terminal } = context;
    const connection = await connect(context, options);
    const id = await backendId(text, connection);
    for await (const line of connection.client.backends.logs(id, options)) {
      await (options.json ? printJsonLine(terminal, { line }) : terminal.out(line));
    }
  });
}
