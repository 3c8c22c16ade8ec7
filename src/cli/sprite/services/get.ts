import type { Command } from 'commander';
import { timeText } from '../../age.ts';
import { paint } from '../../colours.ts';
import type { Context } from '../../context.ts';
import { printJson } from '../../print.ts';
import { factLines } from '../../table.ts';
import { examples, printable, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';
import { serviceStyle } from './service-style.ts';

export function registerServiceGet(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('get')
      .description('show a service: what it runs, and how it is')
      .argument('<name>', 'of the sprite')
      .argument('<service>')
      .addHelpText(
        'after',
        examples(
          'berth sprite services get box web',
          'berth sprite services get box web --json | jq -r .state.status',
        ),
      ),
  ).action(async (name: string, serviceName: string, options: SpriteOptions) => {
    const { terminal } = context;
    const service = await (await spriteNamed(context, options, name)).services.get(serviceName);
    if (options.json) {
      await printJson(terminal, service);
      return;
    }
    const { cmd, args, env = {}, dir, needs, http_port: httpPort, restart, state } = service;
    const time = (at: string | undefined): string | undefined =>
      at === undefined ? undefined : timeText(at, terminal);
    const facts = [
      ['service', service.name],
      ['status', paint(terminal.outColours, serviceStyle(state.status), state.status)],
      ['error', state.error === undefined ? undefined : printable(state.error)],
      ['command', printable([cmd, ...args].join(' '))],
      ['folder', dir === undefined ? undefined : printable(dir)],
      ['variables', Object.keys(env).join(', ') || undefined],
      ['needs', needs.join(', ') || undefined],
      ['http port', httpPort === null ? undefined : String(httpPort)],
      ['restart', restart],
      ['pid', state.pid === undefined ? undefined : String(state.pid)],
      ['started', time(state.started_at)],
      ['restarts', state.restart_count === undefined ? undefined : String(state.restart_count)],
      ['next restart', time(state.next_restart_at)],
    ] as const;
    for (const line of factLines(facts, terminal.outColours)) await terminal.out(line);
  });
}
