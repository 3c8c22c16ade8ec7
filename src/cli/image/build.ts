import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { CommandError } from '../command-error.ts';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';
import { imageOptionsIn } from './import.ts';
import { absoluteFolder, type ImageOptions, withImageOptions } from './pack/image-options.ts';
import { baseToRun, packFolder } from './pack/pack-folder.ts';
import { UploadProgress } from './pack/upload-progress.ts';
import { ensureService, parseNewTarget, serviceNameIn, spawnHint } from './target.ts';

interface Options extends ServerOptions, ImageOptions {
  readonly name?: string;
  readonly base: string;
  readonly into: string;
}

export function registerImageBuild(parent: Command, context: Context): void {
  const command = parent
    .command('build')
    .description('make an image of a folder, on top of another image; .dockerignore says what is left out')
    .argument('<folder>', 'whose content the image gets')
    .option('-n, --name <target>', 'SERVICE[:TAG] that it is for; by default after the folder')
    .requiredOption('-b, --base <image>', 'SERVICE[:TAG] of an image that it is built on, or "scratch"')
    .addOption(
      new Option('--into <folder>', 'where in the image the content goes')
        .default('/app')
        .argParser(absoluteFolder),
    );
  withServerOptions(withImageOptions(command)).action(async (folder: string, options: Options) => {
    const { terminal } = context;
    const root = resolve(folder);
    const { service, tag } = targetOf(root, options.name);
    await checkFolder(root, folder);
    const connection = await connect(context, options);
    const account = await connection.account();
    // Its program is looked for in its own folder, as with a service's `--dir`.
    const image = { workdir: options.into, ...imageOptionsIn(options) };
    const { client } = connection;
    const base = await baseToRun(client, account, options.base, image);
    await ensureService(connection, service, terminal);
    using progress = new UploadProgress(terminal);
    await progress.begin(`sending ${folder}`);
    const { into } = options;
    const target = { client, account, service, tag, base, into, image };
    const { digest, layer } = await packFolder({ ...target, folder: root, onBytes: progress.sent });
    progress[Symbol.dispose]();
    if (options.json) {
      await printJson(terminal, { service, tag, digest, layer: layer.descriptor.digest });
      return;
    }
    await terminal.out(`${service}:${tag} is ${digest}`);
    await terminal.err(`Spawn it: ${spawnHint(service, tag)}`);
  });
}

function targetOf(root: string, name: string | undefined): { service: string; tag: string } {
  if (name !== undefined) return parseNewTarget(name);
  const service = serviceNameIn(basename(root));
  if (service === undefined) throw new CommandError('Say what it is for: --name SERVICE[:TAG]', 2);
  return { service, tag: 'latest' };
}

async function checkFolder(root: string, shown: string): Promise<void> {
  const found = await stat(root).catch(() => undefined);
  if (!found?.isDirectory()) throw new CommandError(`${shown} is no folder`);
}
