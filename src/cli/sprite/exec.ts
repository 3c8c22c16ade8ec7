import type { Command } from 'commander';
import type { ExecConnection, Sprite, TerminalSize } from '../../client/index.ts';
import { CommandError } from '../command-error.ts';
import { connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { environmentPair } from '../parse.ts';
import { printJson } from '../print.ts';
import type { Streams } from '../streams.ts';
import { examples, type SpriteOptions, withSpriteOptions } from './options.ts';
import { passOn, runSession } from './run-session.ts';

interface Options extends SpriteOptions {
  readonly tty?: boolean;
  readonly stdin: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly dir?: string;
}

export function registerExec(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('exec')
      .description('run a command in a sprite, with stdin, both outputs, signals and its exit code')
      .usage('[options] <name> -- COMMAND ARGS…')
      .argument('<name>')
      .argument('<command...>', 'the program and its arguments; there is no shell unless you run one')
      .option('-t, --tty', 'a terminal, for programs that need one')
      .option('--no-stdin', 'send no input, in loops that read their own')
      .option('-e, --env <KEY=value>', 'a variable beside those of the sprite (repeatable)', environmentPair)
      .option('--dir <folder>', 'where it starts (default: the home folder)')
      .addHelpText(
        'after',
        `${examples(
          'berth sprite exec box -- ls -l',
          "berth sprite exec box -- sh -c 'make && make test'",
          'tar c src | berth sprite exec box --dir /tmp -- tar x',
          'berth sprite exec --tty box -- top',
        )}

The exit code is that of the command; 125 when it could not be run or its end is not known.`,
      ),
  ).action(async (name: string, command: string[], options: Options) => {
    const streams = streamsOf(context);
    const sprites = (await connect(context, options)).client.sprites;
    const size = options.tty ? terminalSize(streams, name) : undefined;
    if (options.tty && options.json) throw new CommandError('--json and --tty do not go together', 2);
    const variables = { ...(size && terminalType(context)), ...options.env };
    await passOn(context, async () => {
      // The server takes all of them or none from here.
      const env =
        Object.keys(variables).length === 0 ? {} : { ...(await sprites.get(name)).environment, ...variables };
      const connection = await sprites.named(name).sessions.exec({
        command,
        env,
        hasInput: options.stdin,
        ...(options.dir !== undefined && { directory: options.dir }),
        ...(size && { tty: size }),
      });
      const run = { name, sendInput: options.stdin };
      if (options.json) return printResult(context, connection, { ...run, streams });
      return runSession(context, connection, { ...run, streams });
    });
  });
}

/** @throws {CommandError} where there are none */
export function streamsOf({ streams }: Context): Streams {
  if (streams === undefined) throw new CommandError('commands can be run from a process only');
  return streams;
}

/** @throws {CommandError} where there is no terminal */
export function terminalSize(streams: Streams, name: Sprite['name']): TerminalSize {
  const size = streams.size();
  if (size !== undefined && streams.stdinIsTerminal) return size;
  throw new CommandError(
    `there is no terminal here. Run a command without one: berth sprite exec ${name} -- COMMAND`,
    2,
  );
}

/** Programs there should know what this terminal can do. */
export function terminalType({ env }: Context): Readonly<Record<string, string>> {
  return { TERM: env.TERM || 'xterm-256color' };
}

async function printResult(
  context: Context,
  connection: ExecConnection,
  options: Parameters<typeof runSession>[2],
): Promise<number> {
  const outputs = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  const { streams } = options;
  const kept: Streams = {
    stdin: streams.stdin,
    stdinIsTerminal: streams.stdinIsTerminal,
    write: async (stream, bytes) => void outputs[stream].push(bytes),
    setRaw: () => {},
    size: () => undefined,
    onResize: listener => streams.onResize(listener),
    onSignal: listener => streams.onSignal(listener),
  };
  const exitCode = await runSession(context, connection, { ...options, streams: kept });
  const text = (pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString();
  await printJson(context.terminal, {
    exit_code: exitCode,
    stdout: text(outputs.stdout),
    stderr: text(outputs.stderr),
  });
  return exitCode;
}
