import { eachOf } from '../../lib/each-of.ts';
import { type ImageReference, type PreparedImage, RuntimeError } from '../../runtime/runtime.ts';
import type { ManifestRecord, Store } from '../../store/store.ts';
import type { BlobFiles } from '../blobs/blob-files.ts';
import { ImageError } from '../errors.ts';
import { LayerError } from '../layers/layer-error.ts';
import type { Layer, LayerStore } from '../layers/layer-store.ts';
import { maxAccountsFileBytes, maxConfigBytes, maxLayers } from '../limits.ts';
import { type Descriptor, type ImageManifest, parseManifest } from '../repositories/manifest.ts';
import type { Repository, RepositoryOwner } from '../repositories/repository.ts';
import { configTypes, type ImageDefaults, parseImageConfig } from './image-config.ts';
import { readLayered } from './layered-files.ts';
import { machinePlatform, platformName, suitedManifest, suits } from './platform.ts';
import { resolveUser } from './users.ts';

export type RepositoryReference = Extract<ImageReference, { kind: 'repository' }>;

interface FindParts {
  readonly store: Pick<Store, 'accounts' | 'services'>;
  readonly repository: (owner: RepositoryOwner) => Repository;
}

export interface PrepareParts extends FindParts {
  readonly blobs: BlobFiles;
  readonly layers: LayerStore;
}

const maxIndexDepth = 4;

/**
 * The digest of what a reference means now.
 * @throws {RuntimeError} `image-error`
 */
export async function resolveImage(reference: RepositoryReference, parts: FindParts): Promise<string> {
  try {
    return (await find(reference, parts)).record.digest;
  } catch (error) {
    throw asImageError(reference, error);
  }
}

/**
 * Makes an image of a repository ready to run from: a tag is resolved now, an index gives its image for this
 * machine, layers are unpacked where they are not yet.
 * @throws {RuntimeError} `image-error`
 */
export async function prepareImage(
  reference: RepositoryReference,
  parts: PrepareParts,
  signal: AbortSignal,
): Promise<PreparedImage> {
  try {
    const { repository, record } = await find(reference, parts);
    const { layers, config } = await unpackImage(repository, record, parts, signal);
    const user = await resolveIn(layers, config.user);
    return {
      reference,
      digest: record.digest,
      layers: layers.map(({ path }) => path),
      config: { ...config, user: `${user.uid}:${user.gid}`, groups: user.groups },
    };
  } catch (error) {
    signal.throwIfAborted();
    throw asImageError(reference, error);
  }
}

/** Where it is expected; else the error itself. */
function asImageError(reference: RepositoryReference, error: unknown): unknown {
  const isExpected = error instanceof ImageError || error instanceof Refusal || error instanceof LayerError;
  if (!isExpected) return error;
  return new RuntimeError('image-error', `image ${nameOf(reference)} ${told(error)}`, { cause: error });
}

/**
 * Unpacks the layers of an image where they are not yet.
 * @throws {Refusal | LayerError | ImageError}
 */
export async function unpackImage(
  repository: Repository,
  record: ManifestRecord,
  { blobs, layers }: Pick<PrepareParts, 'blobs' | 'layers'>,
  signal: AbortSignal,
): Promise<{ readonly layers: readonly Layer[]; readonly config: ImageDefaults['config'] }> {
  const manifest = await imageManifest(repository, record, 0);
  const { diffIds, config } = await readConfig(manifest, blobs);
  return { layers: await prepareLayers(manifest, diffIds, layers, signal), config };
}

/** Why an image can't be run; completes a sentence that begins with its name. */
export class Refusal extends Error {}

function told(error: Error): string {
  return error instanceof Refusal ? error.message : `can't be used: ${error.message}`;
}

export function nameOf({ repository, reference }: RepositoryReference): string {
  return `${repository}${reference.includes(':') ? '@' : ':'}${reference}`;
}

async function find(
  { repository: path, reference }: RepositoryReference,
  { store, repository }: FindParts,
): Promise<{ repository: Repository; record: ManifestRecord }> {
  const [accountName = '', serviceName = ''] = path.split('/');
  const account = await store.accounts.byName(accountName);
  const service = account && (await store.services.byName(account.id, serviceName));
  if (service === undefined) throw new Refusal('is not in the image store');
  const found = repository(service);
  try {
    return { repository: found, record: await found.manifest(reference) };
  } catch (error) {
    if (error instanceof ImageError && error.code === 'manifest-unknown') {
      throw new Refusal('is not in the image store');
    }
    throw error;
  }
}

async function imageManifest(
  repository: Repository,
  record: ManifestRecord,
  depth: number,
): Promise<ImageManifest> {
  const manifest = parseManifest(await repository.manifestContent(record), record.mediaType);
  if (manifest.kind === 'image') return manifest;
  if (depth === maxIndexDepth) throw new Refusal('is an index of indexes of indexes');
  const chosen = choose(manifest.manifests);
  return imageManifest(repository, await repository.manifest(chosen.digest), depth + 1);
}

function choose(manifests: readonly Descriptor[]): Descriptor {
  const chosen = suitedManifest(manifests);
  if (chosen !== undefined) return chosen;
  const others = manifests.flatMap(({ platform }) => (platform ? [platformName(platform)] : []));
  throw new Refusal(
    `has nothing for ${platformName(machinePlatform)}, but for ${others.join(', ') || 'nothing'}`,
  );
}

async function readConfig({ config, layers }: ImageManifest, blobs: BlobFiles): Promise<ImageDefaults> {
  if (!configTypes.has(config.mediaType)) {
    throw new Refusal(`is no image that can be run: its type is ${config.mediaType.slice(0, 200)}`);
  }
  const content = await blobs.readWhole(config.digest, maxConfigBytes);
  if (content === undefined) throw new Refusal('lacks its configuration, or has one that is too large');
  const defaults = parsed(content);
  const { os, architecture, diffIds } = defaults;
  if (os !== undefined && architecture !== undefined && !suits({ os, architecture })) {
    throw new Refusal(`is for ${os}/${architecture}, this machine is ${platformName(machinePlatform)}`);
  }
  if (layers.length === 0) throw new Refusal('has no layers');
  if (layers.length > maxLayers) throw new Refusal(`has ${layers.length} layers; there may be ${maxLayers}`);
  if (diffIds.length !== layers.length) {
    throw new Refusal(`has ${layers.length} layers, but its configuration names ${diffIds.length}`);
  }
  return defaults;
}

function parsed(content: Buffer): ImageDefaults {
  try {
    return parseImageConfig(content);
  } catch (error) {
    throw new Refusal(`has a configuration that can't be read: ${(error as Error).message}`);
  }
}

/** Of one image, so that others find room beside. */
const layersAtOnce = 2;

/** @returns the topmost first */
async function prepareLayers(
  { layers }: ImageManifest,
  diffIds: readonly string[],
  store: LayerStore,
  signal: AbortSignal,
): Promise<Layer[]> {
  const ordered = layers.map(({ digest }, at) => [diffIds[at] ?? '', digest] as const).toReversed();
  // An overlay takes no folder twice; of two that are the same the upper one hides the lower one.
  const distinct = [...new Map(ordered)];
  return eachOf(distinct, layersAtOnce, signal, async ([diffId, digest], inTime) => {
    try {
      return await store.prepare(diffId, digest, inTime);
    } catch (error) {
      if (!(error instanceof LayerError)) throw error;
      throw new LayerError(`layer ${digest}: ${error.message}`, { cause: error });
    }
  });
}

async function resolveIn(layers: readonly Layer[], user: string) {
  const [passwd, group] = await Promise.all(
    ['etc/passwd', 'etc/group'].map(path => readLayered(layers, path, maxAccountsFileBytes)),
  );
  try {
    return resolveUser(user, passwd ?? '', group ?? '');
  } catch (error) {
    throw new Refusal(`can't be used: ${(error as Error).message}`);
  }
}
