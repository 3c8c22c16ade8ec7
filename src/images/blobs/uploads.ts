import { createHash, type Hash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { bulkDataPassed } from '../../lib/bulk-data.ts';
import type { Clock } from '../../lib/clock.ts';
import { asFull, ImageError } from '../errors.ts';
import { type ImageLimits, writeBatchBytes } from '../limits.ts';
import { BatchWriter } from './batch-writer.ts';
import type { BlobFiles } from './blob-files.ts';
import { algorithmOf, type DigestAlgorithm, endDigest } from './digest.ts';
import { isMissing } from './files.ts';

export interface UploadsOptions {
  readonly folder: string;
  readonly blobs: BlobFiles;
  readonly limits: Pick<
    ImageLimits,
    'maxStoreBytes' | 'maxBlobBytes' | 'maxUploadsPerRepository' | 'uploadIdleMs'
  >;
  readonly clock: Clock;
}

/** What is known of an upload beside its file; after a restart it begins anew. */
interface Progress {
  hash: Hash;
  /** Of the hash; it is chosen before the sender tells which one it wants. */
  algorithm: DigestAlgorithm;
  /** How much of the file is in `hash`; NaN when it is of something else. */
  hashedBytes: number;
  isBusy: boolean;
}

export interface AppendOptions {
  /** Where the content is to begin; anything else than the end of what is there is refused. */
  readonly at?: number;
  /** How much it has to be; what was written is taken back when it is more or less. */
  readonly length?: number;
}

/**
 * Content that is on its way. Each upload is a file whose size says how far it came, so that it goes on after
 * a restart of the server; its name has the repository that it belongs to. No content is held in memory.
 */
export class Uploads {
  readonly #options: UploadsOptions;
  readonly #progress = new Map<string, Progress>();
  #totalBytes = 0;

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    this.#totalBytes = 0;
    for (const name of await readdir(folder)) this.#totalBytes += (await stat(join(folder, name))).size;
  }

  /** Of all open uploads. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** @returns its id @throws {ImageError} `too-many-uploads` */
  async begin(serviceId: string): Promise<string> {
    const id = randomUUID();
    await this.resume(serviceId, id);
    return id;
  }

  /**
   * Goes on with an upload, or begins it where it is not there.
   * @param id of the form of those that {@link begin} makes
   * @returns how many bytes are there
   * @throws {ImageError} `too-many-uploads`, `full`
   */
  async resume(serviceId: string, id: string): Promise<number> {
    const { folder, limits } = this.#options;
    const others = (await readdir(folder)).filter(name => name.startsWith(`${serviceId}.`));
    if (others.includes(`${serviceId}.${id}`)) return this.size(serviceId, id);
    if (others.length >= limits.maxUploadsPerRepository) {
      throw new ImageError('too-many-uploads', `the repository has ${others.length} open uploads`);
    }
    const file = await open(this.#path(serviceId, id), 'wx', 0o600).catch(rethrowFull);
    await file.close();
    return 0;
  }

  /** How many bytes are there. @throws {ImageError} `upload-unknown` */
  async size(serviceId: string, id: string): Promise<number> {
    try {
      return (await stat(this.#path(serviceId, id))).size;
    } catch (error) {
      if (isMissing(error)) throw unknownUpload();
      throw error;
    }
  }

  /**
   * Writes content to the end. When the source fails, what came until then stays.
   * @param source whose chunks need not be there any more when the next one is asked for
   * @returns how many bytes are there now
   * @throws {ImageError} `upload-unknown`, `upload-busy`, `upload-cut`, `range-invalid`, `size-invalid`,
   *   `too-large`, `full`
   */
  append(
    serviceId: string,
    id: string,
    source: AsyncIterable<Buffer>,
    { at, length }: AppendOptions = {},
  ): Promise<number> {
    return this.#alone(serviceId, id, async progress => {
      const path = this.#path(serviceId, id);
      const start = await this.size(serviceId, id);
      if (at !== undefined && at !== start) {
        throw new ImageError('range-invalid', `the content begins at byte ${at}, but ${start} is next`);
      }
      if (progress.hashedBytes !== start) progress.hashedBytes = Number.NaN;
      try {
        return await this.#write(path, source, start, progress, length);
      } catch (cause) {
        const error = asFull(cause);
        const code = error instanceof ImageError ? error.code : undefined;
        if (code === 'size-invalid') await this.#cutBack(path, start);
        if (code === 'too-large' || code === 'full') await this.#remove(path);
        throw error;
      }
    });
  }

  /**
   * Ends an upload: its content becomes the blob of this digest. One that is not of this digest is dropped.
   * @param note see {@link BlobFiles.adopt}
   * @throws {ImageError} `upload-unknown`, `upload-busy`, `digest-invalid`, `full`
   */
  complete<Result>(
    serviceId: string,
    id: string,
    digest: string,
    note: (sizeBytes: number) => Promise<Result>,
  ): Promise<Result> {
    return this.#alone(serviceId, id, async progress => {
      const path = this.#path(serviceId, id);
      const size = await this.size(serviceId, id);
      const file = await open(path, 'r+');
      try {
        const algorithm = algorithmOf(digest);
        if (progress.hashedBytes !== size || progress.algorithm !== algorithm) {
          await hashAnew(progress, algorithm, file.createReadStream({ autoClose: false }));
        }
        const found = endDigest(progress.hash.copy(), algorithm);
        if (found !== digest) {
          await this.#remove(path);
          throw new ImageError('digest-invalid', `the content is not of this digest but ${found}`);
        }
        await file.sync().catch(rethrowFull);
      } finally {
        await file.close();
      }
      const result = await this.#options.blobs.adopt(digest, path, () => note(size));
      this.#totalBytes -= size;
      this.#progress.delete(id);
      return result;
    });
  }

  /** @throws {ImageError} `upload-unknown`, `upload-busy` */
  cancel(serviceId: string, id: string): Promise<void> {
    return this.#alone(serviceId, id, async () => {
      await this.#remove(this.#path(serviceId, id));
    });
  }

  /** Drops uploads that nobody has written to for long. @returns the bytes that became free */
  async dropIdle(): Promise<number> {
    const { folder, limits, clock } = this.#options;
    let freed = 0;
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      const isBusy = this.#progress.get(idOf(path))?.isBusy ?? false;
      if (found === undefined || isBusy) continue;
      if (clock.now().getTime() - found.mtimeMs >= limits.uploadIdleMs) freed += await this.#remove(path);
    }
    return freed;
  }

  async #write(
    path: string,
    source: AsyncIterable<Buffer>,
    start: number,
    progress: Progress,
    length = Number.POSITIVE_INFINITY,
  ): Promise<number> {
    const file = await open(path, 'r+');
    const writer = new BatchWriter(file, start, writeBatchBytes);
    let received = start;
    try {
      for await (const chunk of sourceOf(source)) {
        received += chunk.length;
        this.#totalBytes += chunk.length;
        this.#checkBlobSize(received);
        this.checkRoom(0);
        if (received - start > length) throw wrongLength(length);
        if (!Number.isNaN(progress.hashedBytes)) {
          progress.hash.update(chunk);
          progress.hashedBytes = received;
        }
        await writer.add(chunk);
        bulkDataPassed(chunk.length);
      }
      if (length !== Number.POSITIVE_INFINITY && received - start < length) throw wrongLength(length);
      return received;
    } finally {
      try {
        await writer.end();
      } finally {
        this.#totalBytes += writer.position - received;
        await file.close();
      }
    }
  }

  /** @param bytes that are about to come @throws {ImageError} `full` */
  checkRoom(bytes: number): void {
    const { limits, blobs } = this.#options;
    if (limits.maxStoreBytes === 0) return;
    if (this.#totalBytes + blobs.totalBytes + bytes <= limits.maxStoreBytes) return;
    throw new ImageError(
      'full',
      `the image store may have ${limits.maxStoreBytes} bytes, and they are used; remove images that are not needed`,
    );
  }

  #checkBlobSize(bytes: number): void {
    const { maxBlobBytes } = this.#options.limits;
    if (bytes > maxBlobBytes) throw new ImageError('too-large', `a blob may have ${maxBlobBytes} bytes`);
  }

  async #cutBack(path: string, start: number): Promise<void> {
    const { size } = await stat(path);
    await truncate(path, start);
    this.#totalBytes -= size - start;
  }

  /** @returns the bytes that became free */
  async #remove(path: string): Promise<number> {
    const { size } = await stat(path);
    await rm(path);
    this.#progress.delete(idOf(path));
    this.#totalBytes -= size;
    return size;
  }

  async #alone<Result>(
    serviceId: string,
    id: string,
    task: (progress: Progress) => Promise<Result>,
  ): Promise<Result> {
    await this.size(serviceId, id);
    const progress = this.#progress.get(id) ?? beginProgress();
    if (progress.isBusy) throw new ImageError('upload-busy', 'another request is writing to this upload');
    progress.isBusy = true;
    this.#progress.set(id, progress);
    try {
      return await task(progress);
    } finally {
      progress.isBusy = false;
    }
  }

  #path(serviceId: string, id: string): string {
    if (!/^[0-9a-f-]{36}$/.test(id) || !/^[a-z0-9]+$/.test(serviceId)) throw unknownUpload();
    return join(this.#options.folder, `${serviceId}.${id}`);
  }
}

/** A source that breaks off is its sender's failure, not ours. */
async function* sourceOf(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* source;
  } catch (error) {
    throw new ImageError('upload-cut', 'the content broke off', { cause: error });
  }
}

function beginProgress(): Progress {
  return { hash: createHash('sha256'), algorithm: 'sha256', hashedBytes: 0, isBusy: false };
}

async function hashAnew(
  progress: Progress,
  algorithm: DigestAlgorithm,
  content: AsyncIterable<Buffer>,
): Promise<void> {
  progress.hash = createHash(algorithm);
  progress.algorithm = algorithm;
  progress.hashedBytes = 0;
  for await (const chunk of content) {
    progress.hash.update(chunk);
    progress.hashedBytes += chunk.length;
  }
}

/** Of the upload in a file. */
function idOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function wrongLength(length: number): ImageError {
  return new ImageError('size-invalid', `the content has not ${length} bytes, as it was said`);
}

function unknownUpload(): ImageError {
  return new ImageError('upload-unknown', 'there is no such upload');
}

function rethrowFull(error: unknown): never {
  throw asFull(error);
}
