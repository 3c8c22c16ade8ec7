import type { ManifestRecord, RepositoryContents } from '../../store/store.ts';

/** An image of a repository, or an index of images. */
export interface ListedImage {
  readonly digest: string;
  readonly mediaType: string;
  /** In alphabetical order; empty for one that can be had by its digest only. */
  readonly tags: readonly string[];
  /** When it was last pushed or pulled, also where it did not change. */
  readonly pushedAt: Date;
  /** Of all that it needs, as it is packed; images that share layers count them each. */
  readonly sizeBytes: number;
}

/** Newest first; what is only a part of an index, or about another manifest, is left out unless it has a tag. */
export function listImages({ manifests, tags, blobs }: RepositoryContents): ListedImage[] {
  const byDigest = new Map(manifests.map(manifest => [manifest.digest, manifest]));
  const blobBytes = new Map(blobs.map(({ digest, sizeBytes }) => [digest, sizeBytes]));
  const tagsOf = Map.groupBy(tags, ({ digest }) => digest);
  const parts = new Set(manifests.flatMap(({ needs }) => needs.map(({ digest }) => digest)));

  const sizeOf = (manifest: ManifestRecord, seen: Set<string>): number => {
    let bytes = manifest.sizeBytes;
    seen.add(manifest.digest);
    for (const { digest, kind } of manifest.needs) {
      if (seen.has(digest)) continue;
      seen.add(digest);
      const part = kind === 'manifest' ? byDigest.get(digest) : undefined;
      bytes += part === undefined ? (blobBytes.get(digest) ?? 0) : sizeOf(part, seen);
    }
    return bytes;
  };
  return manifests
    .filter(({ digest, subject }) => tagsOf.has(digest) || (!parts.has(digest) && subject === undefined))
    .map(manifest => {
      const named = tagsOf.get(manifest.digest) ?? [];
      const pushed = [manifest.pushedAt, ...named.map(({ pushedAt }) => pushedAt)];
      return {
        digest: manifest.digest,
        mediaType: manifest.mediaType,
        tags: named.map(({ name }) => name),
        pushedAt: new Date(Math.max(...pushed.map(time => time.getTime()))),
        sizeBytes: sizeOf(manifest, new Set()),
      };
    })
    .toSorted((a, b) => b.pushedAt.getTime() - a.pushedAt.getTime());
}
