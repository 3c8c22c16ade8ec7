import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';

/** Asks for a new password: twice on a terminal, where typing can't be seen; else it is a line of stdin. */
export async function newPassword({ input }: Context): Promise<string> {
  const password = await input?.secret('New password: ');
  if (password === undefined || password === '') {
    throw new CommandError('no password was given: type it, or pipe it in', 2);
  }
  if (input?.isTerminal && (await input.secret('Once more: ')) !== password) {
    throw new CommandError('the two are not the same');
  }
  return password;
}
