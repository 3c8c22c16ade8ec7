import type { Command } from 'commander';
import type { ServiceRecord } from '../../../client/index.ts';
import { timeText } from '../../age.ts';
import type { Context } from '../../context.ts';
import { printJson, printTable } from '../../print.ts';
import { examples, printable, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';
import { serviceStyle } from './service-style.ts';

export function registerServiceList(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('list')
      .alias('ls')
      .description('list the services of a sprite')
      .argument('<name>', 'of the sprite')
      .addHelpText('after', examples('berth sprite services list box')),
  ).action(async (name: string, options: SpriteOptions) => {
    const { terminal } = context;
    const services = await (await spriteNamed(context, options, name)).services.list();
    if (options.json) {
      await printJson(terminal, { services });
      return;
    }
    const columns = [
      { title: 'service', value: (service: ServiceRecord) => service.name },
      {
        title: 'status',
        value: ({ state }: ServiceRecord) => state.status,
        style: ({ state }: ServiceRecord) => serviceStyle(state.status),
      },
      { title: 'pid', value: ({ state }: ServiceRecord) => String(state.pid ?? '-') },
      { title: 'http port', value: (service: ServiceRecord) => String(service.http_port ?? '-') },
      { title: 'restarts', value: ({ state }: ServiceRecord) => String(state.restart_count ?? 0) },
      {
        title: 'started',
        value: ({ state }: ServiceRecord) =>
          state.started_at === undefined ? '-' : timeText(state.started_at, terminal),
      },
      { title: 'command', value: ({ cmd, args }: ServiceRecord) => printable([cmd, ...args].join(' ')) },
    ];
    const note = `There is no service. Make one: berth sprite services create ${name} SERVICE -- COMMAND`;
    await printTable(terminal, services, columns, note);
  });
}
