import type { FileHandle } from 'node:fs/promises';
import type { Clock } from '../../lib/clock.ts';
import type {
  BlobRecord,
  ImageRecords,
  ManifestNeed,
  ManifestRecord,
  Page,
  TagRecord,
} from '../../store/store.ts';
import type { BlobFiles } from '../blobs/blob-files.ts';
import { algorithmOf, checkDigest, type DigestAlgorithm, digestOf, isDigest } from '../blobs/digest.ts';
import type { AppendOptions, Uploads } from '../blobs/uploads.ts';
import { ImageError } from '../errors.ts';
import { maxManifestBytes } from '../limits.ts';
import { type ListedImage, listImages } from './list-images.ts';
import { type Manifest, parseManifest } from './manifest.ts';

export interface RepositoryParts {
  readonly records: ImageRecords;
  readonly blobs: BlobFiles;
  readonly uploads: Uploads;
  readonly clock: Clock;
  /** Is told each manifest that was stored. */
  readonly onManifest?: (manifest: ManifestRecord) => void;
}

/** The service that a repository is of. */
export interface RepositoryOwner {
  /** The service's. */
  readonly id: string;
  readonly accountId: string;
}

const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** The images of one service: what a registry can do with them. */
export class Repository {
  readonly #owner: RepositoryOwner;
  readonly #parts: RepositoryParts;

  constructor(owner: RepositoryOwner, parts: RepositoryParts) {
    this.#owner = owner;
    this.#parts = parts;
  }

  // --- Blobs -------------------------------------------------------------------------------------------------

  /** @throws {ImageError} `blob-unknown`, `digest-invalid` */
  async blob(digest: string): Promise<BlobRecord> {
    const { records, clock } = this.#parts;
    const found = await records.blob(this.#owner.id, checkDigest(digest));
    if (found === undefined) throw unknownBlob(digest);
    // Who asks may go on without a push of it.
    await records.seeBlob(this.#owner.id, digest, clock.now());
    return found;
  }

  /** Whether it is there; counts as asking for it. */
  async hasBlob(digest: string): Promise<boolean> {
    const found = await this.#parts.records.blob(this.#owner.id, checkDigest(digest));
    if (found !== undefined)
      await this.#parts.records.seeBlob(this.#owner.id, digest, this.#parts.clock.now());
    return found !== undefined;
  }

  /** The whole content of a small blob. @throws {ImageError} `blob-unknown`, also for one that has more bytes */
  async readBlob(digest: string, maxBytes: number): Promise<Buffer> {
    const content = (await this.hasBlob(digest))
      ? await this.#parts.blobs.readWhole(digest, maxBytes)
      : undefined;
    if (content === undefined) throw unknownBlob(digest);
    return content;
  }

  /** The file is the caller's to close. @throws {ImageError} as {@link blob} */
  async openBlob(digest: string): Promise<{ readonly sizeBytes: number; readonly file: FileHandle }> {
    const found = await this.#parts.records.blob(this.#owner.id, checkDigest(digest));
    const file = found && (await this.#parts.blobs.read(digest));
    if (found === undefined || file === undefined) throw unknownBlob(digest);
    return { sizeBytes: found.sizeBytes, file };
  }

  /** @throws {ImageError} `blob-unknown`, `blob-needed`, `digest-invalid` */
  async deleteBlob(digest: string): Promise<void> {
    const outcome = await this.#parts.records.deleteBlob(this.#owner.id, checkDigest(digest));
    if (outcome === 'unknown') throw unknownBlob(digest);
    if (outcome === 'needed') {
      throw new ImageError('blob-needed', 'a manifest of the repository needs this blob; delete that first');
    }
  }

  /**
   * Takes over a blob that is there already.
   * @param from the repository that has it; any of the same account when absent
   * @returns false when there is none: it has to be pushed
   */
  async mount(digest: string, from?: RepositoryOwner): Promise<boolean> {
    if (!isDigest(digest)) return false;
    const { records, blobs, clock } = this.#parts;
    const mounted = await blobs.whileStored(digest, async () => {
      const found =
        from === undefined
          ? await records.blobOfAccount(this.#owner.accountId, digest)
          : await records.blob(from.id, digest);
      return found !== undefined && (await records.addBlob(this.#owner.id, found, clock.now()));
    });
    return mounted ?? false;
  }

  // --- Uploads -----------------------------------------------------------------------------------------------

  /** @returns the upload's id @throws {ImageError} `too-many-uploads`, `full` */
  beginUpload(): Promise<string> {
    return this.#parts.uploads.begin(this.#owner.id);
  }

  /** See {@link Uploads.resume}. */
  resumeUpload(id: string): Promise<number> {
    return this.#parts.uploads.resume(this.#owner.id, id);
  }

  /** @param bytes that are about to come @throws {ImageError} `full` */
  checkRoom(bytes: number): void {
    this.#parts.uploads.checkRoom(bytes);
  }

  /** How many bytes of it are there. @throws {ImageError} `upload-unknown` */
  uploadSize(id: string): Promise<number> {
    return this.#parts.uploads.size(this.#owner.id, id);
  }

  /** See {@link Uploads.append}. */
  appendUpload(id: string, source: AsyncIterable<Buffer>, options: AppendOptions): Promise<number> {
    return this.#parts.uploads.append(this.#owner.id, id, source, options);
  }

  /**
   * Makes a blob of an upload.
   * @throws {ImageError} `digest-invalid`, `upload-unknown`, `upload-busy`, `repository-unknown`, `full`
   */
  async completeUpload(id: string, digest: string): Promise<void> {
    const { records, uploads, clock } = this.#parts;
    const added = await uploads.complete(this.#owner.id, id, checkDigest(digest), sizeBytes =>
      records.addBlob(this.#owner.id, { digest, sizeBytes }, clock.now()),
    );
    if (!added) throw new ImageError('repository-unknown', 'the repository was deleted meanwhile');
  }

  /** @throws {ImageError} `upload-unknown`, `upload-busy` */
  cancelUpload(id: string): Promise<void> {
    return this.#parts.uploads.cancel(this.#owner.id, id);
  }

  // --- Manifests ---------------------------------------------------------------------------------------------

  /** @param reference tag or digest @throws {ImageError} `manifest-unknown`, `digest-invalid`, `tag-invalid` */
  async manifest(reference: string): Promise<ManifestRecord> {
    const { records } = this.#parts;
    const found = reference.includes(':')
      ? await records.manifest(this.#owner.id, checkDigest(reference))
      : await records.manifestOfTag(this.#owner.id, checkTag(reference));
    if (found === undefined) {
      throw new ImageError('manifest-unknown', `there is no manifest ${JSON.stringify(reference)}`);
    }
    return found;
  }

  async manifestContent({ digest }: Pick<ManifestRecord, 'digest'>): Promise<Buffer> {
    const content = await this.#parts.blobs.readWhole(digest, maxManifestBytes);
    if (content === undefined) throw new ImageError('manifest-unknown', 'the manifest has just been deleted');
    return content;
  }

  /**
   * @param reference the tag it is to have, or its own digest
   * @param mediaType what the sender says it is
   * @param options `onlyPart`: of an index, the one image that it needs here; else it needs all that it names.
   *   `algorithm`: of the digest that it is stored by, where the reference is a tag
   * @throws {ImageError} `manifest-invalid`, `manifest-incomplete`, `digest-invalid`, `tag-invalid`, `too-large`,
   *   `full`
   */
  async putManifest(
    reference: string,
    content: Buffer,
    mediaType?: string,
    {
      onlyPart,
      algorithm = 'sha256',
    }: { readonly onlyPart?: string; readonly algorithm?: DigestAlgorithm } = {},
  ): Promise<ManifestRecord> {
    if (content.length > maxManifestBytes) {
      throw new ImageError('too-large', `a manifest may have ${maxManifestBytes} bytes`);
    }
    const tag = reference.includes(':') ? undefined : checkTag(reference);
    const digest = digestOf(content, tag === undefined ? algorithmOf(checkDigest(reference)) : algorithm);
    if (tag === undefined && reference !== digest) {
      throw new ImageError('digest-invalid', `the manifest is not of this digest but ${digest}`);
    }
    const whole = this.#record(digest, content, parseManifest(content, mediaType));
    const needs = whole.needs.filter(need => onlyPart === undefined || need.digest === onlyPart);
    const manifest = { ...whole, needs };
    const { records, blobs } = this.#parts;
    this.#parts.uploads.checkRoom(content.length);
    const { missing } = await blobs.write(digest, content, () => records.putManifest(manifest, tag));
    if (missing.length === 0) {
      this.#parts.onManifest?.(manifest);
      return manifest;
    }
    await blobs.removeUnless(digest, () => records.isKept(digest));
    throw new ImageError('manifest-incomplete', `the repository lacks ${missing[0]}`, {
      detail: missing.map(needed => ({ digest: needed })),
    });
  }

  /** @param reference a tag, which leaves the manifest; or a digest @throws {ImageError} `manifest-unknown` */
  async deleteManifest(reference: string): Promise<void> {
    const { records } = this.#parts;
    const deleted = reference.includes(':')
      ? await records.deleteManifest(this.#owner.id, checkDigest(reference))
      : await records.deleteTag(this.#owner.id, checkTag(reference));
    if (!deleted) throw new ImageError('manifest-unknown', 'there is no such manifest');
  }

  /** Manifests that are about this one, which need not be there. @throws {ImageError} `digest-invalid` */
  async referrers(digest: string, artifactType?: string): Promise<ManifestRecord[]> {
    const found = await this.#parts.records.referrers(this.#owner.id, checkDigest(digest));
    return artifactType === undefined ? found : found.filter(one => one.artifactType === artifactType);
  }

  // --- Images ------------------------------------------------------------------------------------------------

  /** Newest first. */
  async images(): Promise<ListedImage[]> {
    return listImages(await this.#parts.records.contents(this.#owner.id));
  }

  /** Of its blobs and manifests: digest -> bytes, as they are packed. */
  async storedBytes(): Promise<Map<string, number>> {
    const { blobs, manifests } = await this.#parts.records.contents(this.#owner.id);
    return new Map([...blobs, ...manifests].map(({ digest, sizeBytes }) => [digest, sizeBytes]));
  }

  /**
   * Takes a tag away, and its image where nobody needs that: no other tag, environment, workload or index. Or an image
   * by its digest, with all its tags. Of an index its parts go along that nobody else needs.
   * @returns what went @throws {ImageError} `manifest-unknown`, `digest-invalid`, `tag-invalid`
   */
  async removeImage(
    reference: string,
  ): Promise<{ readonly tags: readonly string[]; readonly digests: readonly string[] }> {
    const { records } = this.#parts;
    const image = await this.manifest(reference);
    const { tags: all } = await records.contents(this.#owner.id);
    await this.deleteManifest(reference);
    if (reference.includes(':')) {
      const tags = all.filter(tag => tag.digest === image.digest).map(({ name }) => name);
      return { tags, digests: [image.digest, ...(await this.#removeParts(image))] };
    }
    const isGone = await records.deleteUnusedManifest(this.#owner.id, image.digest);
    const digests = isGone ? [image.digest, ...(await this.#removeParts(image))] : [];
    return { tags: [reference], digests };
  }

  /** @returns digests of the manifests that went */
  async #removeParts({ needs }: ManifestRecord): Promise<string[]> {
    const { records } = this.#parts;
    const gone: string[] = [];
    for (const { digest, kind } of needs) {
      const part = kind === 'manifest' ? await records.manifest(this.#owner.id, digest) : undefined;
      if (part === undefined || !(await records.deleteUnusedManifest(this.#owner.id, digest))) continue;
      gone.push(digest, ...(await this.#removeParts(part)));
    }
    return gone;
  }

  // --- Tags --------------------------------------------------------------------------------------------------

  /** In alphabetical order. */
  tags(page: Page): Promise<string[]> {
    return this.#parts.records.tags(this.#owner.id, page);
  }

  newestTags(limit: number): Promise<TagRecord[]> {
    return this.#parts.records.newestTags(this.#owner.id, limit);
  }

  #record(digest: string, content: Buffer, manifest: Manifest): ManifestRecord {
    const { mediaType, subject, artifactType, annotations } = manifest;
    return {
      serviceId: this.#owner.id,
      digest,
      mediaType,
      sizeBytes: content.length,
      pushedAt: this.#parts.clock.now(),
      needs: needsOf(manifest),
      ...(subject !== undefined && { subject }),
      ...(subject !== undefined && annotations !== undefined && { annotations }),
      ...(artifactType !== undefined && { artifactType }),
    };
  }
}

function needsOf(manifest: Manifest): ManifestNeed[] {
  if (manifest.kind === 'index') {
    return distinct(manifest.manifests.map(({ digest }) => digest)).map(digest => ({
      digest,
      kind: 'manifest',
    }));
  }
  const layers = manifest.layers.filter(layer => !layer.isForeign);
  return distinct([manifest.config, ...layers].map(({ digest }) => digest)).map(digest => ({
    digest,
    kind: 'blob',
  }));
}

function distinct(digests: readonly string[]): string[] {
  return [...new Set(digests)];
}

/** @throws {ImageError} `tag-invalid` */
export function checkTag(tag: string): string {
  if (tagPattern.test(tag)) return tag;
  throw new ImageError(
    'tag-invalid',
    `tag ${JSON.stringify(tag.slice(0, 140))}: must be 1 to 128 letters, digits, '.', '_' or '-', the first none of '.-'`,
  );
}

function unknownBlob(digest: string): ImageError {
  return new ImageError('blob-unknown', `there is no blob ${digest}`);
}
