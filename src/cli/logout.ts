import type { Command } from 'commander';
import { ApiError, BerthClient } from '../client/index.ts';
import { CommandError } from './command-error.ts';
import { serverUrl } from './connection.ts';
import type { Context } from './context.ts';
import { forgetCredentials, readCredentials } from './credentials.ts';
import { printJson } from './print.ts';

interface Options {
  readonly url?: string;
  readonly json?: boolean;
}

export function registerLogout(parent: Command, context: Context): void {
  parent
    .command('logout')
    .option('--url <url>', 'the server to log out of, instead of BERTH_URL or that of the last login')
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const { env, terminal } = context;
      const url = await serverUrl(env, options);
      const saved = (await readCredentials(env)).servers[url];
      if (saved === undefined) throw new CommandError(`you are not logged in to ${url}`);
      if (saved.session !== undefined) await end(url, saved.token, saved.session);
      await forgetCredentials(env, url);
      if (options.json) await printJson(terminal, { url, account: saved.account });
      else await terminal.out(`You are logged out of ${url}.`);
    });
}

/** One that has ended already is as good. */
async function end(url: string, token: string, session: string): Promise<void> {
  try {
    await new BerthClient({ url, token }).logins.end(session);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500) throw error;
  }
}
