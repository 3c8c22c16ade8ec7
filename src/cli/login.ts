import { hostname } from 'node:os';
import type { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { ApiError, BerthClient, type UserSession } from '../client/index.ts';
import { CommandError } from './command-error.ts';
import { connect, serverUrl } from './connection.ts';
import type { Context } from './context.ts';
import { saveCredentials } from './credentials.ts';
import { printJson } from './print.ts';

interface Options {
  readonly url?: string;
  readonly token?: string;
  readonly approve?: string;
  readonly json?: boolean;
}

/** Wrong codes after which the server lets nobody in any more. */
const maxCodes = 5;

export function registerLogin(parent: Command, context: Context): void {
  parent
    .command('login')
    .option('--url <url>', 'the server to log in to, instead of BERTH_URL')
    .option('--token <token>', 'keep this token instead; - reads it from stdin')
    .option('--approve <login>', 'approve the login of another command line, and print its code')
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      if (options.approve !== undefined) await approve(context, options, options.approve);
      else if (options.token !== undefined) await keepToken(context, options, options.token);
      else await keep(context, options, await logIn(context, options));
    });
}

async function approve(context: Context, options: Options, login: string): Promise<void> {
  const { client } = await connect(context, options);
  // The whole URL that a command line shows will do.
  const code = await client.logins.approve(login.replace(/^.*\//, ''));
  if (options.json) await printJson(context.terminal, { code });
  else await context.terminal.out(code);
}

async function keepToken(context: Context, options: Options, given: string): Promise<void> {
  const token = given === '-' ? ((await context.input?.secret('Token: ')) ?? '').trim() : given;
  if (token === '') throw new CommandError('there is no token to keep', 2);
  await keep(context, options, { token });
}

/** A session that somebody has approved in a browser. */
async function logIn({ terminal, input, env }: Context, options: Options): Promise<UserSession> {
  const { logins } = new BerthClient({ url: await serverUrl(env, options) });
  const userAgent = `berth/${packageJson.version} (${process.platform})`;
  const { token, page } = await logins.begin({ userAgent, userHost: headerText(hostname()) });
  await terminal.err(`Open this page, and approve the login there:\n\n  ${page}\n`);
  try {
    if ((await logins.decision(token)) === 'failed') {
      throw new CommandError('the login was denied, or nobody approved it in time');
    }
    if (input === undefined) throw new CommandError('there is nobody to type the code; use --token');
    for (let tries = 1; ; tries += 1) {
      const code = (await input.line('The code that the page shows: '))?.trim();
      if (code === undefined) throw new CommandError('no code was given');
      try {
        return await logins.complete(token, code);
      } catch (error) {
        if (!isAnswer(error, 'InvalidAuth') || tries === maxCodes) throw error;
        await terminal.err('That is not the code.');
      }
    }
  } catch (error) {
    if (isAnswer(error, 'NotFound') || isAnswer(error, 'InvalidAuth')) {
      throw new CommandError('the login is over. Begin again: berth login');
    }
    throw error;
  }
}

/** Keeps what was given, once the server has taken it. */
async function keep(
  { terminal, env }: Context,
  options: Options,
  { token, uuid }: Pick<UserSession, 'token'> & Partial<UserSession>,
): Promise<void> {
  const url = await serverUrl(env, options);
  const { account } = await new BerthClient({ url, token }).identity();
  const path = await saveCredentials(env, url, {
    token,
    account,
    ...(uuid !== undefined && { session: uuid }),
  });
  if (options.json) await printJson(terminal, { url, account, session: uuid ?? null });
  else await terminal.out(`You are logged in to ${url} as ${account}.`);
  await terminal.err(`It is kept in ${path}; \`berth logout\` ends it.`);
  if (env.BERTH_TOKEN) await terminal.err('BERTH_TOKEN is set, and goes before it.');
}

function isAnswer(error: unknown, code: string): boolean {
  return error instanceof ApiError && error.code === code;
}

/** What a header of HTTP can carry. */
function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?');
}
