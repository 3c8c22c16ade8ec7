import type { Command } from 'commander';
import type { BackendDetails, BackendState } from '../../client/index.ts';
import { paint, stateStyle } from '../colours.ts';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson, printJsonLine } from '../print.ts';
import { factLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { backendId } from './id.ts';

interface Options extends ServerOptions {
  readonly follow?: boolean;
}

export function registerBackendStatus(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('status')
      .description('show what a backend is and what became of it')
      .argument('<id>', 'its id, or the beginning of it')
      .option('-f, --follow', 'print each state as it comes, until the backend has ended'),
  ).action(async (text: string, options: Options) => {
    const { terminal } = context;
    const connection = await connect(context, options);
    const id = await backendId(text, connection);
    if (!options.follow) {
      const backend = await connection.client.backends.get(id);
      await (options.json ? printJson(terminal, backend) : printDetails(terminal, backend));
      return;
    }
    for await (const state of connection.client.backends.states(id)) {
      await (options.json ? printJsonLine(terminal, state) : printState(terminal, state));
    }
  });
}

async function printDetails(terminal: Terminal, backend: BackendDetails): Promise<void> {
  const lines = factLines(
    [
      ['Backend', backend.name],
      ['Service', backend.service_name],
      ['Environment', backend.environment_name],
      ['Account', backend.account_name],
      ['Lock', backend.lock],
      ['Image', backend.image_digest === '-' ? undefined : backend.image_digest],
      ['Created', backend.created_at],
    ],
    terminal.outColours,
  );
  for (const line of lines) await terminal.out(line);
  for (const { value, timestamp } of backend.statuses) {
    await printState(terminal, { state: value, time: timestamp });
  }
}

async function printState(
  terminal: Terminal,
  { state, time }: Pick<BackendState, 'state' | 'time'>,
): Promise<void> {
  await terminal.out(`${time}  ${paint(terminal.outColours, stateStyle(state), state)}`);
}
