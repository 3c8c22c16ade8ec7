import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { findTool, toolEnvironment } from '../../lib/command.ts';
import { CommandError } from '../command-error.ts';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';
import type { Terminal } from '../terminal.ts';
import { openArchive } from './pack/archive.ts';
import { pushRoot } from './pack/root-image.ts';
import { UploadProgress } from './pack/upload-progress.ts';
import { ensureService, parseNewTarget } from './target.ts';

interface Options extends ServerOptions {
  readonly name: string;
  readonly suite: string;
  readonly variant: string;
  readonly include?: string;
  readonly mirror?: string;
}

const systems = ['debian'];
const timeoutMs = 30 * 60_000;
const shownErrorLines = 5;

/** As the images that are published for Docker have it. */
const defaults = { command: ['/bin/bash'] };

export function registerImageCreate(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('create')
      .description('make a base image of a distribution’s packages, with mmdebstrap (as root)')
      .argument('<system>', 'debian', (text: string) => {
        if (systems.includes(text)) return text;
        throw new InvalidArgumentError('There is "debian".');
      })
      .option('-n, --name <target>', 'SERVICE[:TAG] that it is for', 'debian')
      .addOption(new Option('--suite <name>', 'release').default('bookworm').argParser(packageWord))
      .addOption(
        new Option('--variant <name>', 'how much is in it')
          .choices(['essential', 'apt', 'minbase'])
          .default('minbase'),
      )
      .option('--include <packages>', 'more packages, with commas between them', packageList)
      .option('--mirror <url>', 'where packages are from; by default the machine’s own sources', webAddress),
  ).action(async (_: string, options: Options) => {
    const { terminal } = context;
    const { service, tag } = parseNewTarget(options.name);
    const program = await mmdebstrap();
    const connection = await connect(context, options);
    const account = await connection.account();
    const folder = await mkdtemp(join(tmpdir(), 'berth-create-'));
    try {
      using progress = new UploadProgress(terminal);
      const file = join(folder, 'root.tar');
      await bootstrap(program, file, options, progress, terminal);
      await ensureService(connection, service, terminal);
      await progress.begin('sending the root file system');
      const registry = connection.client.registry(account, service);
      const { digest } = await pushRoot(registry, tag, await openArchive(file), defaults, progress.sent);
      progress[Symbol.dispose]();
      if (options.json) {
        await printJson(terminal, { service, tag, digest, suite: options.suite });
        return;
      }
      await terminal.out(`${service}:${tag} is ${digest}`);
      await terminal.err(
        `Build on it: berth image build DIR --base ${service}:${tag} --command 'PROGRAM ARGUMENTS'`,
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

async function mmdebstrap(): Promise<string> {
  const program = await findTool('mmdebstrap');
  if (program !== undefined) return program;
  throw new CommandError(
    'mmdebstrap is not installed. `berth doctor --install` installs it on Debian, as root.',
  );
}

/** Times in the archive are those of the packages, so that the same packages make the same image. */
async function bootstrap(
  program: string,
  file: string,
  { suite, variant, include, mirror }: Options,
  progress: UploadProgress,
  terminal: Terminal,
): Promise<void> {
  await progress.begin(`making ${suite} (${variant}); this takes a minute or more`);
  const args = [`--variant=${variant}`, ...(include === undefined ? [] : [`--include=${include}`])];
  const child = spawn(program, [...args, suite, file, ...(mirror === undefined ? [] : [mirror])], {
    env: toolEnvironment,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: timeoutMs,
  });
  const lines = await linesOf(child, async line => {
    const step = /^I: (.*?)\.*$/.exec(line)?.[1];
    if (step !== undefined && terminal.errIsTerminal) await progress.begin(`making ${suite}: ${step}`);
  });
  if (child.exitCode === 0) return;
  const told = lines.filter(line => !line.startsWith('I: ')).slice(-shownErrorLines);
  throw new CommandError(`mmdebstrap could not make ${suite}:\n${told.map(line => `  ${line}`).join('\n')}`);
}

/** @returns all lines, when it has ended */
async function linesOf(
  child: ChildProcessByStdio<null, null, Readable>,
  take: (line: string) => Promise<void>,
): Promise<string[]> {
  const ended = once(child, 'close');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line);
    await take(line);
  }
  await ended;
  return lines;
}

function packageWord(text: string): string {
  if (/^[a-z0-9][a-z0-9+.-]*$/.test(text)) return text;
  throw new InvalidArgumentError('It must have small letters, digits, +, . and - only.');
}

function packageList(text: string): string {
  return text
    .split(',')
    .map(name => packageWord(name.trim()))
    .join(',');
}

function webAddress(text: string): string {
  if (/^https?:\/\/[^\s]+$/.test(text)) return text;
  throw new InvalidArgumentError('It must be an http or https address.');
}
