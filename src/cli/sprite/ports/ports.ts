import type { Command } from 'commander';
import type { SpritePort } from '../../../client/index.ts';
import type { Context } from '../../context.ts';
import { printJson, printJsonLine, printTable } from '../../print.ts';
import { examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';

interface Options extends SpriteOptions {
  readonly follow?: boolean;
}

export function registerPorts(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('ports')
      .description('list the ports that programs of a sprite listen on')
      .argument('<name>')
      .option('-f, --follow', 'go on with each port that is opened or closed, one a line')
      .addHelpText('after', examples('berth sprite ports box', 'berth sprite ports box --follow --json')),
  ).action(async (name: string, options: Options) => {
    const { terminal } = context;
    const { ports } = await spriteNamed(context, options, name);
    if (!options.follow) {
      const found = await ports.list();
      if (options.json) {
        await printJson(terminal, { ports: found });
        return;
      }
      const columns = [
        { title: 'port', value: ({ port }: SpritePort) => String(port) },
        { title: 'address', value: ({ address }: SpritePort) => address },
        { title: 'pid', value: ({ pid }: SpritePort) => (pid === 0 ? '-' : String(pid)) },
      ];
      await printTable(terminal, found, columns, 'No program listens there.');
      return;
    }
    for await (const news of ports.watch()) {
      if (options.json) {
        await printJsonLine(terminal, news);
      } else if (news.type === 'port_list') {
        for (const port of news.ports) await terminal.out(line('opened', port));
      } else {
        await terminal.out(line(news.type === 'port_opened' ? 'opened' : 'closed', news));
      }
    }
  });
}

function line(what: string, { port, address, pid }: SpritePort): string {
  return `${what}  ${port}  ${address}${pid === 0 ? '' : `  by process ${pid}`}`;
}
