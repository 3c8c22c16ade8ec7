import type { BerthClient, RegistryRepository } from '../../../client/index.ts';
import { CommandError } from '../../command-error.ts';
import { type BaseImage, findBase } from './base-image.ts';
import { folderLayer } from './folder-layer.ts';
import { IgnoreRules } from './ignore-file.ts';
import type { ImageOptions } from './image-options.ts';
import { configWith, hasCommand, type PushedLayer, publish, pushLayer } from './publish.ts';

export interface FolderToPack {
  readonly client: BerthClient;
  readonly account: string;
  /** The service that the image is for; it exists. */
  readonly service: string;
  readonly tag: string;
  /** Absolute path. */
  readonly folder: string;
  readonly base: BaseImage;
  /** Where in the image the content goes. */
  readonly into: string;
  readonly image: ImageOptions;
  readonly onBytes: (packedBytes: number) => void;
}

/**
 * What a folder is to be packed on.
 * @param image how it is run
 * @throws {CommandError} when there is no such base, or nothing would be run
 */
export async function baseToRun(
  client: BerthClient,
  account: string,
  name: string,
  image: ImageOptions,
): Promise<BaseImage> {
  const base = await findBase(client, account, name);
  if (hasCommand(configWith(image, [], base.config))) return base;
  throw new CommandError(
    `the image would have nothing to run: say what with --command 'PROGRAM ARGUMENTS'`,
    2,
  );
}

/** Makes an image of a folder on top of another and pushes it. @returns its digest, and the layer of the folder */
export async function packFolder({
  client,
  account,
  service,
  tag,
  folder,
  base,
  into,
  image,
  onBytes,
}: FolderToPack): Promise<{ readonly digest: string; readonly layer: PushedLayer }> {
  const registry = client.registry(account, service);
  const content = folderLayer(folder, into, await IgnoreRules.of(folder));
  const layer = await pushLayer(registry, content, onBytes);
  await takeOver(base, registry);
  const diffIds = [...(base.config.rootfs?.diff_ids ?? []), layer.diffId];
  const config = configWith(image, diffIds, base.config);
  return { layer, digest: await publish(registry, tag, config, [...base.layers, layer.descriptor]) };
}

/** The layers of the base: they are on the server already. */
async function takeOver({ layers, repository }: BaseImage, registry: RegistryRepository): Promise<void> {
  if (repository === undefined || repository.name === registry.name) return;
  for (const { digest } of layers) {
    if ((await registry.hasBlob(digest)) || (await registry.mountBlob(digest, repository.name))) continue;
    throw new CommandError(`${repository.name} lacks ${digest} by now. Try again.`);
  }
}
