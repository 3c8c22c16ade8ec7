import type { Command } from 'commander';
import type { Sprite } from '../../client/index.ts';
import { connect } from '../connection.ts';
import type { Context } from '../context.ts';

export interface ReachOptions {
  readonly url?: string;
}

export interface SpriteOptions extends ReachOptions {
  readonly json?: boolean;
}

/** Sprites belong to the account of the token: there is no `--account`. */
export function withReachOptions(command: Command): Command {
  return command.option('--url <url>', 'the server to talk to, instead of BERTH_URL');
}

/** The same for commands that print a result. */
export function withSpriteOptions(command: Command): Command {
  return withReachOptions(command).option('--json', 'print JSON');
}

export async function spriteNamed(context: Context, options: ReachOptions, name: string): Promise<Sprite> {
  return (await connect(context, options)).client.sprites.named(name);
}

/** Lines below the help of a command, each as it is typed. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map(line => `  ${line}`).join('\n')}`;
}

/** For a repeatable option. */
export function collect(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, text];
}

/** Texts of others must not move the cursor. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}
