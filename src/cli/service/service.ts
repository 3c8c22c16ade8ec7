import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { registerServiceCreate } from './create.ts';
import { registerServiceDelete } from './delete.ts';
import { registerServiceList } from './list.ts';

export function registerService(program: Command, context: Context): void {
  const service = program.command('service').helpCommand(false);
  registerServiceCreate(service, context);
  registerServiceList(service, context);
  registerServiceDelete(service, context);
}
