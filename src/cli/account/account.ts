import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { registerAccountAdd } from './add.ts';
import { registerAccountCreate } from './create.ts';
import { registerAccountList } from './list.ts';
import { registerAccountRemove } from './remove.ts';

export function registerAccount(program: Command, context: Context): void {
  const account = program.command('account').helpCommand(false);
  registerAccountCreate(account, context);
  registerAccountList(account, context);
  registerAccountAdd(account, context);
  registerAccountRemove(account, context);
}
