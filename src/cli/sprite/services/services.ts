import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { examples } from '../options.ts';
import { registerServiceCreate } from './create.ts';
import { registerServiceDelete } from './delete.ts';
import { registerServiceGet } from './get.ts';
import { registerServiceList } from './list.ts';
import { registerServiceLogs } from './logs.ts';
import { registerServiceRestart } from './restart.ts';
import { registerServiceSignal } from './signal.ts';
import { registerServiceStart } from './start.ts';
import { registerServiceStop } from './stop.ts';

export function registerServices(parent: Command, context: Context): void {
  const services = parent
    .command('services')
    .description('programs that are started with a sprite, and again when they end')
    .helpCommand(false)
    .addHelpText(
      'after',
      examples(
        'berth sprite services create box web --http-port 3000 -- python3 -m http.server 3000',
        'berth sprite services list box',
        'berth sprite services logs box web --lines 20 --follow',
      ),
    );
  registerServiceList(services, context);
  registerServiceGet(services, context);
  registerServiceCreate(services, context);
  registerServiceDelete(services, context);
  registerServiceStart(services, context);
  registerServiceStop(services, context);
  registerServiceRestart(services, context);
  registerServiceLogs(services, context);
  registerServiceSignal(services, context);
}
