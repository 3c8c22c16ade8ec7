import type { RegistryRepository } from '../../../client/index.ts';
import { type Archive, packedChunks, plainChunks } from './archive.ts';
import type { ImageOptions } from './image-options.ts';
import { configWith, hasCommand, ociTypes, publish, pushLayer } from './publish.ts';

/** Makes an image of one layer of a root file system. @returns its digest, and whether it has something to run */
export async function pushRoot(
  registry: RegistryRepository,
  tag: string,
  archive: Archive,
  options: ImageOptions,
  onBytes: (bytes: number) => void,
): Promise<{ readonly digest: string; readonly hasCommand: boolean }> {
  const { packing, path, diffId } = archive;
  // What is packed already is sent as it is.
  const descriptor =
    packing === 'plain'
      ? (await pushLayer(registry, plainChunks(path, packing), onBytes)).descriptor
      : { mediaType: ociTypes[packing], ...(await registry.pushBlob(packedChunks(archive), { onBytes })) };
  const config = configWith(options, [diffId]);
  return { digest: await publish(registry, tag, config, [descriptor]), hasCommand: hasCommand(config) };
}
