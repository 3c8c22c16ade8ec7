import { type Command, Option } from 'commander';
import type { RestartPolicy, ServiceDefinition } from '../../../client/index.ts';
import type { Context } from '../../context.ts';
import { environmentPair, wholeNumber } from '../../parse.ts';
import { collect, examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';
import { durationOption, timesOf } from './options.ts';
import { showEvents } from './show-events.ts';

interface Options extends SpriteOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly dir?: string;
  readonly need?: readonly string[];
  readonly httpPort?: number;
  readonly restart?: RestartPolicy;
  readonly duration?: number;
}

export function registerServiceCreate(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('create')
      .description('make a service, or change one, and run it')
      .usage('[options] <name> <service> -- COMMAND ARGS…')
      .argument('<name>', 'of the sprite')
      .argument('<service>', 'letters, digits and ._-')
      .argument('<command...>', 'the program and its arguments; there is no shell unless you run one')
      .option('-e, --env <KEY=value>', 'a variable beside those of the sprite (repeatable)', environmentPair)
      .option('--dir <folder>', 'where it starts (default: the home folder)')
      .option('--need <service>', 'a service that is started before it (repeatable)', collect)
      .option(
        '--http-port <port>',
        "where it listens for requests to the sprite's URL",
        wholeNumber(1, 65_535),
      )
      .addOption(
        new Option('--restart <when>', 'whether it is started again when it ends').choices([
          'always',
          'on-failure',
          'never',
        ]),
      )
      .option(...durationOption)
      .addHelpText(
        'after',
        `${examples(
          'berth sprite services create box web --http-port 3000 -- python3 -m http.server 3000',
          'berth sprite services create box db --dir /data --restart on-failure -- ./database --port 5432',
          "berth sprite services create box job --restart never --duration 1m -- sh -c 'make all'",
        )}

All of the definition is replaced. The exit code is 1 when it can't be started, or ends meanwhile with another code
than 0.`,
      ),
  ).action(async (name: string, service: string, [cmd = '', ...args]: string[], options: Options) => {
    const { env, dir, need, httpPort, restart } = options;
    const definition: ServiceDefinition = {
      cmd,
      args,
      ...(env && { env }),
      ...(dir !== undefined && { dir }),
      ...(need && { needs: need }),
      ...(httpPort !== undefined && { http_port: httpPort }),
      ...(restart && { restart }),
    };
    const { services } = await spriteNamed(context, options, name);
    const events = services.put(service, definition, timesOf(options));
    await showEvents(context, events, { service, json: options.json, passExitCode: true });
  });
}
