import type { Command } from 'commander';
import {
  type BackendState,
  type BerthClient,
  hasEnded,
  type SpawnRequest,
  type SpawnResult,
} from '../client/index.ts';
import { CommandError } from './command-error.ts';
import { connect, type ServerOptions, withServerOptions } from './connection.ts';
import type { Context } from './context.ts';
import { environmentPair, wholeNumber } from './parse.ts';
import { printJson } from './print.ts';
import { Progress } from './progress.ts';
import type { Terminal } from './terminal.ts';

interface Options extends ServerOptions {
  readonly lock?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly grace?: number;
  readonly environment?: string;
  readonly tag?: string;
  readonly wait: boolean;
  readonly timeout: number;
}

/** Log lines that are shown of a backend that failed to start. */
const lastLines = 10;

export function registerSpawn(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('spawn')
      .argument('<service>', 'the name of the service')
      .option('-l, --lock <name>', 'one live backend per name: take the one that holds it, if there is one')
      .option('-e, --env <KEY=value>', 'a variable for its program (repeatable)', environmentPair)
      .option('--grace <seconds>', 'how long it lives with nobody connected', wholeNumber(0, 31_536_000))
      .option('--environment <name>', 'environment of the service')
      .option('--tag <tag>', 'image tag or digest')
      .option('--no-wait', 'print its URL at once')
      .option('--timeout <seconds>', 'how long to wait until it is ready', wholeNumber(1, 86_400), 600),
  ).action(async (service: string, options: Options) => {
    const { terminal } = context;
    const { client, account } = await connect(context, options);
    const progress = new Progress(terminal);
    try {
      await progress.show('Spawning');
      const result = await client.services.spawn(await account(), service, requestOf(options));
      const state = options.wait ? await waitUntilReady(client, result, options, progress) : result.status;
      progress.end();
      if (options.json) await printJson(terminal, { ...result, status: state });
      else await printResult(terminal, result, state, progress.seconds);
    } finally {
      progress.end();
    }
  });
}

function requestOf({ lock, env, grace, environment, tag }: Options): SpawnRequest {
  return {
    ...(lock === undefined ? {} : { lock }),
    ...(env === undefined ? {} : { env }),
    ...(grace === undefined ? {} : { grace_period_seconds: grace }),
    ...(environment === undefined ? {} : { service_environment: environment }),
    ...(tag === undefined ? {} : { tag }),
  };
}

async function waitUntilReady(
  client: BerthClient,
  { name }: SpawnResult,
  { timeout }: Options,
  progress: Progress,
): Promise<string> {
  let last: BackendState | undefined;
  for await (const state of client.backends.states(name, AbortSignal.timeout(timeout * 1000))) {
    last = state;
    if (state.state === 'Ready') return state.state;
    if (hasEnded(state.state)) break;
    await progress.show(`${name} is ${state.state.toLowerCase()}`);
  }
  progress.end();
  if (last === undefined || !hasEnded(last.state)) {
    throw new CommandError(`${name} is not ready after ${timeout} s. See \`berth backend logs ${name}\`.`);
  }
  const lines: string[] = [];
  for await (const line of client.backends.logs(name, { tail: lastLines, follow: false }))
    lines.push(`  ${line}`);
  const log = lines.length === 0 ? 'It wrote nothing.' : `Its last lines:\n${lines.join('\n')}`;
  throw new CommandError(`${name} ended as ${last.state} before it was ready. ${log}`);
}

async function printResult(
  terminal: Terminal,
  result: SpawnResult,
  state: string,
  seconds: string,
): Promise<void> {
  const { name, spawned, url, bearer_token: bearerToken } = result;
  const how = spawned ? '' : ', which held the lock already,';
  await terminal.err(
    `${name}${how} is ${state === 'Ready' ? `ready after ${seconds} s` : state.toLowerCase()}`,
  );
  if (bearerToken !== undefined)
    await terminal.err(`It wants the header Authorization: Bearer ${bearerToken}`);
  await terminal.out(url);
}
