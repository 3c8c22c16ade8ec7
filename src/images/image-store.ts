import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, systemClock } from '../lib/clock.ts';
import {
  type ImageReference,
  type ImagesInUse,
  type PreparedImage,
  RuntimeError,
} from '../runtime/runtime.ts';
import type { Page, Store } from '../store/store.ts';
import { BlobFiles } from './blobs/blob-files.ts';
import { Uploads } from './blobs/uploads.ts';
import { collectGarbage } from './collect-garbage.ts';
import { ImageError } from './errors.ts';
import { type BaseMount, buildHostBase, type HostBase } from './host-base.ts';
import { LayerError } from './layers/layer-error.ts';
import { LayerStore } from './layers/layer-store.ts';
import { defaultImageLimits, type ImageLimits, unpackAheadMs } from './limits.ts';
import type { PullEvent } from './pull/progress.ts';
import type { PulledImage } from './pull/pull-image.ts';
import { Puller, type PullRequest } from './pull/puller.ts';
import { Repository, type RepositoryOwner } from './repositories/repository.ts';
import {
  nameOf,
  prepareImage,
  Refusal,
  type RepositoryReference,
  resolveImage,
  unpackImage,
} from './run/prepare-image.ts';
import { type PushedImage, UnpackAhead } from './run/unpack-ahead.ts';

export interface ImageStoreOptions {
  readonly dataDir: string;
  /** What repositories have; without it there is the `host` base only. */
  readonly store?: Pick<Store, 'accounts' | 'services' | 'images'>;
  readonly limits?: Partial<ImageLimits>;
  readonly clock?: Clock;
}

/** Bytes on the disk. */
export interface ImageUsage {
  readonly blobBytes: number;
  readonly uploadBytes: number;
  /** Of unpacked layers. */
  readonly layerBytes: number;
}

/** The images of one data directory: the `host` base, and what was pushed. */
export class ImageStore {
  readonly #store: ImageStoreOptions['store'];
  readonly #clock: Clock;
  readonly limits: ImageLimits;
  readonly #folder: string;
  readonly #hostFolder: string;
  readonly #blobs: BlobFiles;
  readonly #uploads: Uploads;
  readonly #layers: LayerStore;
  readonly #ahead = new UnpackAhead();
  readonly #puller: Puller;
  #findInUse: (() => Promise<ImagesInUse>) | undefined;
  #host: Promise<HostBase> | undefined;

  constructor({ dataDir, store, limits: chosen = {}, clock = systemClock }: ImageStoreOptions) {
    const limits = { ...defaultImageLimits, ...chosen };
    this.limits = limits;
    this.#puller = new Puller(limits.pullMs);
    const folder = join(dataDir, 'images');
    this.#folder = folder;
    this.#store = store;
    this.#clock = clock;
    this.#hostFolder = join(folder, 'host');
    this.#blobs = new BlobFiles(join(folder, 'blobs'));
    this.#uploads = new Uploads({ folder: join(folder, 'uploads'), blobs: this.#blobs, limits, clock });
    this.#layers = new LayerStore({
      folder: join(folder, 'layers'),
      blobs: this.#blobs,
      limits,
      clock,
      findInUse: () => this.#findInUse?.(),
    });
  }

  /** Takes up what an earlier server has left. Call once, before anything of a repository. */
  async open(): Promise<void> {
    await this.#blobs.open();
    await this.#blobs.removeLeftovers();
    await this.#uploads.open();
    await this.#layers.open();
  }

  repository(owner: RepositoryOwner): Repository {
    return new Repository(owner, {
      records: this.#records(),
      blobs: this.#blobs,
      uploads: this.#uploads,
      clock: this.#clock,
      onManifest: ({ digest }) => this.#ahead.add({ owner, digest }),
    });
  }

  /**
   * Brings an image of another registry into a repository.
   * @param tell is told how far it is
   * @throws {PullError | ImageError}
   */
  pull(
    owner: RepositoryOwner,
    request: PullRequest,
    tell: (event: PullEvent) => void,
    signal: AbortSignal,
  ): Promise<PulledImage> {
    return this.#puller.pull(owner, this.repository(owner), request, tell, signal);
  }

  /** Names of the account's services that have images, in order. */
  repositoryNames(accountId: string, page: Page): Promise<string[]> {
    return this.#records().repositories(accountId, page);
  }

  /** What is left for others than the superuser. */
  async freeDiskBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#folder);
    return bavail * bsize;
  }

  get usage(): ImageUsage {
    return {
      blobBytes: this.#blobs.totalBytes,
      uploadBytes: this.#uploads.totalBytes,
      layerBytes: this.#layers.totalBytes,
    };
  }

  /**
   * The digest of what a reference means now; undefined for the host base.
   * @throws {RuntimeError} `image-error`
   */
  async resolve(reference: ImageReference): Promise<string | undefined> {
    if (reference.kind !== 'repository') return undefined;
    return resolveImage(reference, this.#findParts(reference));
  }

  /**
   * Makes an image ready to run from.
   * @throws {RuntimeError} `image-error`
   */
  async prepare(reference: ImageReference, options: { signal: AbortSignal }): Promise<PreparedImage> {
    options.signal.throwIfAborted();
    if (reference.kind === 'repository') {
      const parts = { ...this.#findParts(reference), blobs: this.#blobs, layers: this.#layers };
      return prepareImage(reference, parts, options.signal);
    }
    const { layer, config } = await this.#hostBase();
    return { reference, layers: [layer], config };
  }

  /** @param findInUse tells what workloads run from; until this is called no layer is removed to make room */
  setInUse(findInUse: () => Promise<ImagesInUse>): void {
    this.#findInUse = findInUse;
  }

  /**
   * Unpacks images as soon as they are pushed, so that their first spawn is fast, until the signal fires.
   * @param tell is told why an image can't be run, though nobody asked yet
   */
  async runUnpackAhead(
    tell: (digest: string, reason: string) => unknown,
    reportFault: (subject: string, error: unknown) => unknown,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#ahead.run(
      (image, stop) => this.#unpackAhead(image, stop),
      ({ digest }, error) => {
        if (error instanceof LayerError) tell(digest, error.message);
        // What is for other machines, or nothing to run at all, is pushed for a reason; what is gone, too.
        else if (!(error instanceof Refusal || error instanceof ImageError)) reportFault('images', error);
      },
      signal,
    );
  }

  async #unpackAhead({ owner, digest }: PushedImage, stop: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(unpackAheadMs)]);
    const repository = this.repository(owner);
    const parts = { blobs: this.#blobs, layers: this.#layers };
    await unpackImage(repository, await repository.manifest(digest), parts, signal);
  }

  /** Gives back the disk that nobody needs; see {@link collectGarbage}. @returns bytes */
  collectGarbage(inUse: ImagesInUse): Promise<number> {
    return collectGarbage(
      {
        records: this.#records(),
        blobs: this.#blobs,
        uploads: this.#uploads,
        layers: this.#layers,
        limits: this.limits,
        clock: this.#clock,
      },
      inUse,
    );
  }

  /**
   * Collects garbage from time to time, until the signal fires. Call when it is known what is in use.
   */
  async runCollection(
    reportFault: (subject: string, error: unknown) => unknown,
    signal: AbortSignal,
  ): Promise<void> {
    const findInUse = this.#findInUse;
    if (findInUse === undefined) throw new Error('it is not known what is in use');
    while (!signal.aborted) {
      await delay(this.limits.collectionIntervalMs, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      await findInUse()
        .then(inUse => this.collectGarbage(inUse))
        .catch(error => reportFault('images', error));
    }
  }

  /** What is mounted over the layers of an image, outermost first. */
  async mounts(reference: ImageReference): Promise<readonly BaseMount[]> {
    return reference.kind === 'host' ? (await this.#hostBase()).mounts : [];
  }

  #findParts(reference: RepositoryReference) {
    if (this.#store === undefined) {
      throw new RuntimeError('image-error', `image ${nameOf(reference)} is not in the image store`);
    }
    const { accounts, services } = this.#store;
    return { store: { accounts, services }, repository: (owner: RepositoryOwner) => this.repository(owner) };
  }

  #records() {
    if (this.#store === undefined) throw new Error('this image store has no repositories');
    return this.#store.images;
  }

  #hostBase(): Promise<HostBase> {
    this.#host ??= buildHostBase(this.#hostFolder).catch(error => {
      this.#host = undefined;
      throw error;
    });
    return this.#host;
  }
}
