import type { Input } from '../../src/cli/input.ts';
import { run } from '../../src/cli/run.ts';
import type { Streams } from '../../src/cli/streams.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import type { TestServer } from './server.ts';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** With a command that asks for something. */
export interface Conversation {
  /** What is typed; nothing can be when it is absent. */
  readonly input?: Input | undefined;
  /** The bytes around a command that runs elsewhere. */
  readonly streams?: Streams | undefined;
  /** Called with all that it says beside its result. */
  readonly hear?: ((line: string) => void) | undefined;
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
  { input, streams, hear }: Conversation = {},
): Promise<CommandResult> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const terminal: Terminal = {
    out: async line => void stdout.push(`${line}\n`),
    err: async line => {
      stderr.push(`${line}\n`);
      hear?.(line);
    },
    errRaw: text => void stderr.push(text),
    outIsTerminal: false,
    errIsTerminal: false,
    outColours: false,
    errColours: false,
    columns: 100,
  };
  const variables = { BERTH_URL: server.url, BERTH_TOKEN: server.token, ...env };
  const around = { ...(input && { input }), ...(streams && { streams }) };
  const code = await run(args, { terminal, env: variables, ...around });
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}
