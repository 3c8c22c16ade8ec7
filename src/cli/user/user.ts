import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { registerUserChange } from './change.ts';
import { registerUserCreate } from './create.ts';
import { registerUserDelete } from './delete.ts';
import { registerUserList } from './list.ts';
import { registerUserPassword } from './password.ts';

export function registerUser(program: Command, context: Context): void {
  const user = program.command('user').helpCommand(false);
  registerUserCreate(user, context);
  registerUserList(user, context);
  registerUserChange(user, context);
  registerUserPassword(user, context);
  registerUserDelete(user, context);
}
