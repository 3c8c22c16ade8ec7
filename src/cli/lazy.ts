import { Command } from 'commander';
import type { Context } from './context.ts';

type Register = (parent: Command, context: Context) => void;

/**
 * A command whose code is loaded when it is asked for. Those about this machine bring the server's code along,
 * which would make all others start late.
 */
export function registerLazily(
  parent: Command,
  context: Context,
  command: { readonly name: string; readonly description: string; readonly load: () => Promise<Register> },
): void {
  const { name, description, load } = command;
  parent
    .command(name)
    .usage('[options]')
    .description(description)
    .argument('[args...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (args: string[]) => {
      const register = await load();
      const program = new Command(parent.name()).copyInheritedSettings(parent).helpCommand(false);
      register(program, context);
      for (const loaded of program.commands) loaded.description(description);
      await program.parseAsync([name, ...args], { from: 'user' });
    });
}
