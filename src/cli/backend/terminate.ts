import type { Command } from 'commander';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';
import { backendId } from './id.ts';

interface Options extends ServerOptions {
  readonly hard?: boolean;
}

export function registerBackendTerminate(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('terminate')
      .description('end backends: SIGTERM first, SIGKILL after a grace period')
      .argument('<ids...>', 'their ids, or the beginnings of them')
      .option('--hard', 'SIGKILL at once'),
  ).action(async (texts: string[], options: Options) => {
    const { terminal } = context;
    const connection = await connect(context, options);
    const ids: string[] = [];
    for (const text of texts) ids.push(await backendId(text, connection));
    for (const id of ids) {
      await connection.client.backends.terminate(id, { hard: options.hard ?? false });
      if (!options.json) await terminal.out(`${id} is ending`);
    }
    if (options.json) await printJson(terminal, { terminating: ids });
  });
}
