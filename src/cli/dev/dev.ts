import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { connect, type ServerOptions, withConnectionOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { StopSignals } from '../machine/stop-signals.ts';
import { environmentPair } from '../parse.ts';
import { Changes } from './changes.ts';
import { DevService } from './dev-service.ts';
import { IgnoredPaths } from './ignored-paths.ts';
import { keepRunning } from './keep-running.ts';
import { Output } from './output.ts';
import { findProject } from './project.ts';

interface Options extends Omit<ServerOptions, 'json'> {
  readonly dir: string;
  readonly base?: string;
  readonly lock?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function registerDev(parent: Command, context: Context): void {
  withConnectionOptions(
    parent
      .command('dev')
      .usage('[options] [-- COMMAND ARGS…]')
      .argument(
        '[command...]',
        'what to run; else the Dockerfile of the folder, or `start` of its package.json',
      )
      .option('--dir <folder>', 'the folder', '.')
      .option(
        '-b, --base <image>',
        'SERVICE[:TAG] of an image that the folder is packed on; it runs as an image then, without Docker',
      )
      .option(
        '-l, --lock <name>',
        'the lock that its backends hold, one after the other (default: a name of the folder’s own)',
      )
      .option('-e, --env <KEY=value>', 'a variable for its program (repeatable)', environmentPair),
  ).action(async (command: string[], options: Options) => {
    const given = resolve(options.dir);
    const folder = await realpath(given).catch(() => given);
    const project = await findProject(folder, command, options.base);
    const stop = new AbortController();
    void new StopSignals().first.then(() => stop.abort());
    const output = new Output(context.terminal);
    const service = await DevService.register({
      ...(await connect(context, options)),
      folder,
      project,
      output,
      signal: stop.signal,
    });
    const changes = await Changes.watch(folder, await IgnoredPaths.of(folder));
    try {
      await runAgainAndAgain(service, changes, options, output, stop.signal);
    } finally {
      changes.close();
      await output.tell('ending');
      await service.remove();
    }
  });
}

async function runAgainAndAgain(
  service: DevService,
  changes: Changes,
  { lock = service.name, env = {} }: Options,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const changed = new AbortController();
    const over = AbortSignal.any([changed.signal, signal]);
    const change = changes.next(signal).then(() => changed.abort());
    if (await service.prepare(over)) await keepRunning(service, { lock, env, output, signal: over });
    if (!signal.aborted && !changed.signal.aborted) await output.tell('waiting for a change');
    await change;
    if (!signal.aborted) await output.tell('a file has changed');
  }
}
