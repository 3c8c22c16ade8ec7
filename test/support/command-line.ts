import { run } from '../../src/cli/run.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import type { TestServer } from './server.ts';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command line of the client against a server: everything but the process around it, which would take
 * longer than the command.
 * @param env more variables; an empty one counts as none
 */
export async function runBerth(
  server: TestServer,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const terminal: Terminal = {
    out: async line => void stdout.push(`${line}\n`),
    err: async line => void stderr.push(`${line}\n`),
    errRaw: text => void stderr.push(text),
    outIsTerminal: false,
    errIsTerminal: false,
    outColours: false,
    errColours: false,
    columns: 100,
  };
  const variables = { BERTH_URL: server.url, BERTH_TOKEN: server.token, ...env };
  const code = await run(args, { terminal, env: variables });
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}
