import { eachOf } from '../../lib/each-of.ts';
import { algorithmOf } from '../blobs/digest.ts';
import { maxConfigBytes, maxLayers } from '../limits.ts';
import {
  type Descriptor,
  type ImageIndex,
  type ImageManifest,
  type Manifest,
  parseManifest,
} from '../repositories/manifest.ts';
import type { Repository } from '../repositories/repository.ts';
import { configTypes, parseImageConfig } from '../run/image-config.ts';
import { machinePlatform, platformName, suitedManifest, suits } from '../run/platform.ts';
import { fetchBlob } from './fetch-blob.ts';
import { pullLimits } from './limits.ts';
import type { PullProgress } from './progress.ts';
import { PullError } from './pull-error.ts';
import type { RemoteManifest, RemoteRepository } from './remote-repository.ts';

export interface PullParts {
  readonly repository: Repository;
  readonly remote: RemoteRepository;
  readonly progress: PullProgress;
  /** One fetches a blob of a repository, others wait and find it there. */
  readonly alone: <Result>(digest: string, task: () => Promise<Result>) => Promise<Result>;
  readonly signal: AbortSignal;
}

export interface PulledImage {
  /** Of what the reference names: where that is an index, of the index, so that it pins the same image everywhere. */
  readonly digest: string;
  readonly mediaType: string;
  /** Of the image for this machine. */
  readonly imageDigest: string;
  readonly sizeBytes: number;
  readonly fetchedBytes: number;
}

/**
 * Brings an image for this machine from another registry into a repository: its blobs, then its manifest, then the
 * tag, so that nothing is seen of it before it is whole.
 * @param reference tag or digest in the other registry
 * @param tag that it is to have here; none where it is undefined
 * @throws {PullError | ImageError}
 */
export async function pullImage(
  reference: string,
  tag: string | undefined,
  parts: PullParts,
): Promise<PulledImage> {
  const { repository, remote, progress, signal } = parts;
  const found = await remote.manifest(reference, signal);
  const { image, mediaType, chain } = await imageChain(found, parts);
  checkImage(image);
  const config = image.config;
  const blobs = distinct([config, ...image.layers]);
  const sizeBytes = blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0);
  const missing = [];
  for (const blob of blobs) if (!(await repository.hasBlob(blob.digest))) missing.push(blob);
  repository.checkRoom(missing.reduce((sum, blob) => sum + blob.sizeBytes, 0));
  progress.begin(found.digest, blobs);

  // Small, and tells whether the rest is of any use here.
  await fetch(config, parts);
  await checkConfig(image, repository);
  await eachOf(image.layers, pullLimits.concurrentBlobs, signal, (layer, stop) =>
    fetch(layer, { ...parts, signal: stop }),
  );

  // From the image up, since an index is not taken without it.
  let below: string | undefined;
  for (const sent of chain.toReversed()) {
    const name = sent === found && tag !== undefined ? tag : sent.digest;
    const algorithm = algorithmOf(sent.digest);
    const options = below === undefined ? { algorithm } : { algorithm, onlyPart: below };
    await repository.putManifest(name, sent.content, sent.mediaType, options);
    below = sent.digest;
  }
  return {
    digest: found.digest,
    mediaType,
    imageDigest: chain.at(-1)?.digest ?? found.digest,
    sizeBytes,
    fetchedBytes: progress.fetchedBytes,
  };
}

/** From what was found down to the image for this machine. */
async function imageChain(
  found: RemoteManifest,
  { remote, signal }: PullParts,
): Promise<{ image: ImageManifest; mediaType: string; chain: RemoteManifest[] }> {
  const top = parsed(found);
  const chain = [found];
  let manifest = top;
  while (manifest.kind === 'index') {
    if (chain.length > pullLimits.maxIndexDepth) {
      throw new PullError('unsuitable', 'the image is an index of indexes of indexes');
    }
    const sent = await remote.manifest(chosen(manifest).digest, signal);
    chain.push(sent);
    manifest = parsed(sent);
  }
  return { image: manifest, mediaType: top.mediaType, chain };
}

function parsed({ content, mediaType }: RemoteManifest): Manifest {
  try {
    return parseManifest(content, mediaType);
  } catch (error) {
    throw new PullError('bad-answer', `the registry's manifest can't be used: ${(error as Error).message}`);
  }
}

function chosen({ manifests }: ImageIndex): Descriptor {
  const suited = suitedManifest(manifests);
  if (suited !== undefined) return suited;
  const others = manifests.flatMap(({ platform }) => (platform ? [platformName(platform)] : []));
  throw new PullError(
    'unsuitable',
    `the image has nothing for ${platformName(machinePlatform)}, but for ${others.join(', ') || 'nothing'}`,
  );
}

function checkImage({ config, layers }: ImageManifest): void {
  if (!configTypes.has(config.mediaType)) {
    throw new PullError(
      'unsuitable',
      `it is no image that can be run: its type is ${config.mediaType.slice(0, 200)}`,
    );
  }
  if (config.sizeBytes > maxConfigBytes)
    throw new PullError('unsuitable', "the image's configuration is too large");
  if (layers.length > maxLayers) {
    throw new PullError('unsuitable', `the image has ${layers.length} layers; there may be ${maxLayers}`);
  }
  if (layers.some(({ isForeign }) => isForeign)) {
    throw new PullError('unsuitable', 'the image has layers that its registry does not have');
  }
}

async function checkConfig({ config, layers }: ImageManifest, repository: Repository): Promise<void> {
  const content = await repository.readBlob(config.digest, maxConfigBytes);
  let defaults: ReturnType<typeof parseImageConfig>;
  try {
    defaults = parseImageConfig(content);
  } catch (error) {
    throw new PullError('unsuitable', `the image's configuration can't be read: ${(error as Error).message}`);
  }
  const { os, architecture, diffIds } = defaults;
  if (os !== undefined && architecture !== undefined && !suits({ os, architecture })) {
    throw new PullError(
      'unsuitable',
      `the image is for ${os}/${architecture}, this machine is ${platformName(machinePlatform)}`,
    );
  }
  if (diffIds.length !== layers.length) {
    throw new PullError(
      'unsuitable',
      `the image has ${layers.length} layers, but its configuration names ${diffIds.length}`,
    );
  }
}

async function fetch(
  blob: Descriptor,
  { repository, remote, progress, alone, signal }: PullParts,
): Promise<void> {
  const told = progress.blob(blob);
  const isFetched = await alone(blob.digest, () =>
    fetchBlob(blob, { repository, remote, signal, onBytes: told.reached, onRetry: told.retrying }),
  );
  told.done(isFetched);
}

function distinct(blobs: readonly Descriptor[]): Descriptor[] {
  return [...new Map(blobs.map(blob => [blob.digest, blob])).values()];
}
