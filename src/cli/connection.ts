import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { BerthClient } from '../client/index.ts';
import type { Context } from './context.ts';
import { readCredentials } from './credentials.ts';

const defaultUrl = 'http://127.0.0.1:7070';
const checkout = resolve(import.meta.dirname, '../..');

export interface ServerOptions {
  readonly url?: string;
  readonly account?: string;
  readonly json?: boolean;
}

/** The options of every command that talks to a server. */
export function withConnectionOptions(command: Command): Command {
  return command
    .option('--url <url>', 'the server to talk to, instead of BERTH_URL')
    .option('--account <name>', "act on this account, instead of the token's own");
}

/** The same for those that print a result. */
export function withServerOptions(command: Command): Command {
  return withConnectionOptions(command).option('--json', 'print JSON');
}

export interface Connection {
  readonly client: BerthClient;
  readonly token: string | undefined;
  /** The account to act on; asks the server when it was not named. */
  readonly account: () => Promise<string>;
}

/**
 * The server is that of `--url`, else of BERTH_URL, else the one that somebody logged in to last, else this
 * machine's. The token is BERTH_TOKEN, else that of the login to this server, else, on this machine, the one that
 * its server has written for the administrator.
 */
export async function connect({ env }: Context, options: ServerOptions): Promise<Connection> {
  const url = await serverUrl(env, options);
  const saved = (await readCredentials(env)).servers[url];
  const token = env.BERTH_TOKEN?.trim() || saved?.token || (await adminToken(url, env));
  const client = new BerthClient({ url, token, actAs: options.account });
  return {
    client,
    token,
    account: async () => options.account ?? (await client.identity()).account,
  };
}

/** Without a slash at its end. */
export async function serverUrl(env: Context['env'], { url }: { readonly url?: string }): Promise<string> {
  const wanted = url ?? (env.BERTH_URL || (await readCredentials(env)).current || defaultUrl);
  return wanted.replace(/\/+$/, '');
}

/** Where a server on this machine writes its administrator's token. */
export function adminTokenPath(env: Context['env']): string {
  return resolve(env.BERTH_DATA_DIR || resolve(checkout, '.berth'), 'admin-token');
}

/** The administrator's token goes to no other machine. */
async function adminToken(url: string, env: Context['env']): Promise<string | undefined> {
  if (!isThisMachine(url)) return undefined;
  const text = await readFile(adminTokenPath(env), 'utf8').catch(() => undefined);
  return text?.trim() || undefined;
}

function isThisMachine(url: string): boolean {
  const host = URL.parse(url)?.hostname ?? '';
  return (
    host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127\.[\d.]+$/.test(host)
  );
}
