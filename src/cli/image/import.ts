import { basename } from 'node:path';
import type { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';
import { type Archive, openArchive } from './pack/archive.ts';
import { type ArchivedImage, imagesOf } from './pack/archived-image.ts';
import { type ImageOptions, withImageOptions } from './pack/image-options.ts';
import { pushRoot } from './pack/root-image.ts';
import { UploadProgress } from './pack/upload-progress.ts';
import { ensureService, parseNewTarget, serviceNameIn, spawnHint } from './target.ts';

interface Options extends ServerOptions, ImageOptions {
  readonly image?: string;
}

const kindNames = { oci: 'an OCI layout', docker: 'images as Docker saves them', root: 'a root file system' };

export function registerImageImport(parent: Command, context: Context): void {
  const command = parent
    .command('import')
    .description(
      'make an image of a file: docker save, an OCI layout, or a root file system; plain, gzip or zstd',
    )
    .argument('<file>', 'a tar archive')
    .argument('[target]', 'SERVICE[:TAG] that it is for; by default after its own name')
    .option('--image <name>', 'which one, where the file has several');
  withServerOptions(withImageOptions(command)).action(
    async (file: string, target: string | undefined, options: Options) => {
      const { terminal } = context;
      using progress = new UploadProgress(terminal);
      await progress.begin(`reading ${file}`);
      const archive = await openArchive(file);
      const image = archive.kind === 'root' ? undefined : chosen(archive, options.image);
      const { service, tag } = targetOf(file, target, image);
      const connection = await connect(context, options);
      await ensureService(connection, service, terminal);
      const registry = connection.client.registry(await connection.account(), service);
      await progress.begin(`sending ${kindNames[archive.kind]}`);
      const overrides = imageOptionsIn(options);
      const pushed =
        image === undefined
          ? await pushRoot(registry, tag, archive, overrides, progress.sent)
          : { digest: await image.push(registry, tag, overrides, progress.sent), hasCommand: true };
      progress[Symbol.dispose]();
      if (options.json) {
        await printJson(terminal, { service, tag, digest: pushed.digest, kind: archive.kind });
        return;
      }
      await terminal.out(`${service}:${tag} is ${pushed.digest}`);
      const note = pushed.hasCommand
        ? `Spawn it: ${spawnHint(service, tag)}`
        : 'It has nothing to run: import it again with --command, or build on it.';
      await terminal.err(note);
    },
  );
}

/** Only what was given: an image that nothing is changed of keeps its digest. */
export function imageOptionsIn({ command, env, workdir, user }: ImageOptions): ImageOptions {
  return {
    ...(command !== undefined && { command }),
    ...(env !== undefined && { env }),
    ...(workdir !== undefined && { workdir }),
    ...(user !== undefined && { user }),
  };
}

function chosen(archive: Archive, name: string | undefined): ArchivedImage {
  const images = imagesOf(archive);
  const fitting = name === undefined ? images : images.filter(({ names }) => names.includes(name));
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only;
  const names = images.flatMap(image => image.names).join(', ') || 'none that have a name';
  if (images.length === 0) throw new CommandError(`${archive.path} has no images`);
  throw new CommandError(`${archive.path} has ${images.length} images; choose one with --image: ${names}`);
}

function targetOf(
  file: string,
  target: string | undefined,
  image: ArchivedImage | undefined,
): { service: string; tag: string } {
  const [name = ''] = image?.names ?? [];
  const [, path = name, ownTag] = /^(.*):([A-Za-z0-9_][A-Za-z0-9._-]{0,127})$/.exec(name) ?? [];
  if (target !== undefined) return parseNewTarget(target, ownTag);
  const service =
    serviceNameIn(path) ?? serviceNameIn(basename(file).replace(/(\.(tar|tgz|gz|zst|oci))+$/, ''));
  if (service === undefined)
    throw new CommandError('Say what it is for: berth image import FILE SERVICE[:TAG]', 2);
  return { service, tag: ownTag ?? 'latest' };
}
