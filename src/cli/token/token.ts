import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { registerTokenCreate } from './create.ts';
import { registerTokenList } from './list.ts';
import { registerTokenRevoke } from './revoke.ts';

export function registerToken(program: Command, context: Context): void {
  const token = program.command('token').helpCommand(false);
  registerTokenCreate(token, context);
  registerTokenList(token, context);
  registerTokenRevoke(token, context);
}
