import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { registerTypeCreate } from './type-create.ts';

export function registerWorkspaceType(program: Command, context: Context): void {
  const type = program.command('workspace-type').helpCommand(false);
  registerTypeCreate(type, context);
}
