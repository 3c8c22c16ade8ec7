import { Command } from 'commander';
import type { Context } from './context.ts';

export interface LazyCommand {
  readonly name: string;
  readonly description: string;
  /** Gives what adds the command to a program. */
  readonly load: () => Promise<(program: Command, context: Context) => void>;
}

/**
 * A command whose code is loaded when it is asked for: that of all of them makes a start late.
 * @param args the whole command line, which the loaded command reads anew
 */
export function registerLazily(
  program: Command,
  context: Context,
  args: readonly string[],
  { name, description, load }: LazyCommand,
): void {
  program
    .command(name)
    .description(description)
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(async () => {
      const register = await load();
      const loaded = new Command(program.name()).copyInheritedSettings(program).helpCommand(false);
      register(loaded, context);
      for (const command of loaded.commands) command.description(description);
      await loaded.parseAsync([...args], { from: 'user' });
    });
}
