import type { Clock } from '../lib/clock.ts';
import type { ImagesInUse } from '../runtime/runtime.ts';
import type { ImageRecords } from '../store/store.ts';
import type { BlobFiles } from './blobs/blob-files.ts';
import type { Uploads } from './blobs/uploads.ts';
import type { LayerStore } from './layers/layer-store.ts';
import { collectionBatch, type ImageLimits } from './limits.ts';

export interface CollectionParts {
  readonly records: ImageRecords;
  readonly blobs: BlobFiles;
  readonly uploads: Uploads;
  readonly layers: LayerStore;
  readonly limits: Pick<ImageLimits, 'unusedBlobMs' | 'untaggedManifestMs'>;
  readonly clock: Clock;
}

/**
 * Gives back the disk that nobody needs. From the top down: uploads that were given up, manifests without a
 * tag, blobs without a manifest, files without a blob, unpacked layers without a workload. Each step leaves
 * what is young alone, since a push or a spawn under way may be about to need it.
 * @param inUse what workloads run from
 * @returns bytes
 */
export async function collectGarbage(parts: CollectionParts, inUse: ImagesInUse): Promise<number> {
  const { uploads, layers, limits } = parts;
  let freed = await uploads.dropIdle();
  await dropUnusedManifests(parts, inUse.digests);
  await dropUnusedBlobs(parts);
  freed += await removeUnkeptFiles(parts);
  return freed + (await layers.collect(inUse.layers, limits.unusedBlobMs));
}

async function dropUnusedManifests(
  { records, limits, clock }: CollectionParts,
  inUse: ReadonlySet<string>,
): Promise<void> {
  const before = earlier(clock, limits.untaggedManifestMs);
  let deleted: number;
  do {
    const unused = await records.unusedManifests(before, collectionBatch + inUse.size);
    const free = unused.filter(({ digest }) => !inUse.has(digest));
    for (const { serviceId, digest } of free) await records.deleteManifest(serviceId, digest);
    deleted = free.length;
    // What was a part of an index, or about a manifest, may be free now.
  } while (deleted > 0);
}

async function dropUnusedBlobs({ records, limits, clock }: CollectionParts): Promise<void> {
  const before = earlier(clock, limits.unusedBlobMs);
  while ((await records.deleteUnusedBlobs(before, collectionBatch)) === collectionBatch);
}

async function removeUnkeptFiles({ records, blobs, limits, clock }: CollectionParts): Promise<number> {
  const before = earlier(clock, limits.unusedBlobMs);
  let freed = 0;
  for await (const { digest, storedAt } of blobs.list()) {
    if (storedAt >= before) continue;
    freed += await blobs.removeUnless(digest, () => records.isKept(digest));
  }
  return freed;
}

function earlier(clock: Clock, ms: number): Date {
  return new Date(clock.now().getTime() - ms);
}
