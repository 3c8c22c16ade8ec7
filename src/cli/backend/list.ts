import type { Command } from 'commander';
import type { BackendSummary } from '../../client/index.ts';
import { timeText } from '../age.ts';
import { stateStyle } from '../colours.ts';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson, printTable } from '../print.ts';

export function registerBackendList(parent: Command, context: Context): void {
  withServerOptions(
    parent.command('list').alias('ls').description('list live backends, newest first'),
  ).action(async (options: ServerOptions) => {
    const { terminal } = context;
    const { client, account } = await connect(context, options);
    const backends = await client.backends.list(await account());
    if (options.json) {
      await printJson(terminal, { backends });
      return;
    }
    const columns = [
      { title: 'id', value: (backend: BackendSummary) => backend.name },
      { title: 'service', value: (backend: BackendSummary) => backend.service_name },
      {
        title: 'state',
        value: (backend: BackendSummary) => backend.status,
        style: (backend: BackendSummary) => stateStyle(backend.status),
      },
      { title: 'lock', value: (backend: BackendSummary) => backend.lock ?? '-' },
      { title: 'created', value: (backend: BackendSummary) => timeText(backend.created_at, terminal) },
    ];
    await printTable(terminal, backends, columns, 'No backend is running. Start one: berth spawn SERVICE');
  });
}
