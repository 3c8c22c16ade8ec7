import { CommanderError } from 'commander';
import { CommandExit } from './command-exit.ts';
import type { Context } from './context.ts';
import { createProgram } from './program.ts';

/** Runs one command line. @returns the exit code: 0 done, 1 failed, 2 wrong usage, or that of a program elsewhere */
export async function run(args: readonly string[], context: Context): Promise<number> {
  const program = createProgram(context, args);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof CommandExit) return error.exitCode;
    const { explain } = await import('./explain.ts'); // it knows the client's errors
    const { text, exitCode } = explain(error);
    await context.terminal.err(`berth: ${text}`);
    return exitCode;
  }
}
