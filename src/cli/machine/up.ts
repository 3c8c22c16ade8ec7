import type { Command } from 'commander';
import { BerthError } from '../../lib/errors.ts';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { settingsOf, withSettingFlags } from './settings.ts';
import { StopSignals } from './stop-signals.ts';

/** Longer than any drain of the server's own. */
const stopTimeoutMs = 60_000;

export function registerUp(parent: Command, context: Context): void {
  withSettingFlags(
    parent.command('up').option('--examples', 'create the example services, where the account has none'),
  ).action(async (options: { readonly examples?: boolean }, command: Command) => {
    const { terminal } = context;
    const { settings } = await settingsOf(command, context);
    // Also while it starts: a start that hangs is given up like a stop that does.
    const stopping = new StopSignals().first.then(async signal => {
      await terminal.err(`berth is stopping (${signal}); another signal ends it at once`);
      return setTimeout(() => {
        void terminal.err(`berth did not stop within ${stopTimeoutMs / 1000} s`).then(() => process.exit(1));
      }, stopTimeoutMs);
    });
    const { startServer } = await import('../../server/index.ts');
    const server = await startServer(settings, { examples: options.examples ?? false }).catch(
      (error: unknown) => {
        throw explainStart(error);
      },
    );
    for (const line of server.banner) await terminal.err(line);
    await terminal.out(`berth is ready at ${server.url}`);

    const limit = await stopping;
    await server.stop();
    clearTimeout(limit);
  });
}

function explainStart(error: unknown): unknown {
  if (error instanceof BerthError) return new CommandError(error.message);
  const { code, address, port, path } = error as NodeJS.ErrnoException & {
    readonly address?: string;
    readonly port?: number;
  };
  switch (code) {
    case 'EADDRINUSE':
      return new CommandError(
        `port ${port} of ${address} is taken. Is Berth running already? Else choose another: --port`,
      );
    case 'EADDRNOTAVAIL':
      return new CommandError(`${address} is no address of this machine. Choose another: --host`);
    case 'ENOENT':
      return path === undefined
        ? error
        : new CommandError(`${path} can't be made. Choose another data folder: --data-dir`);
    case 'EACCES':
    case 'EROFS':
      return new CommandError(
        path === undefined
          ? `port ${port} is not open to this user. Choose one above 1023: --port`
          : `${path} can't be written. Choose another data folder: --data-dir`,
      );
    default:
      return error;
  }
}
