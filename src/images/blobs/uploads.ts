import { createHash, type Hash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { asFull, ImageError } from '../errors.ts';
import { type ImageLimits, writeBatchBytes } from '../limits.ts';
import type { BlobFiles } from './blob-files.ts';
import { isMissing, writeFully } from './files.ts';

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
  /** Of the first `hashedBytes` of the file. */
  hash: Hash;
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
    const { folder, limits } = this.#options;
    const open_ = (await readdir(folder)).filter(name => name.startsWith(`${serviceId}.`)).length;
    if (open_ >= limits.maxUploadsPerRepository) {
      throw new ImageError('too-many-uploads', `the repository has ${open_} open uploads`);
    }
    const id = randomUUID();
    await (await open(this.#path(serviceId, id), 'wx', 0o600).catch(rethrowFull)).close();
    return id;
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
      const start = await this.size(serviceId, id);
      if (at !== undefined && at !== start) {
        throw new ImageError('range-invalid', `the content begins at byte ${at}, but ${start} is next`);
      }
      const end = await this.#write(this.#path(serviceId, id), source, start, progress, length);
      if (length === undefined || end - start === length) return end;
      await this.#cutBack(this.#path(serviceId, id), start, end);
      throw new ImageError('size-invalid', `the content has ${end - start} bytes, not ${length}`);
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
        if (progress.hashedBytes !== size) await hashAnew(progress, file.createReadStream({ autoClose: false }));
        const found = `sha256:${progress.hash.copy().digest('hex')}`;
        if (found !== digest) {
          await this.#remove(path, size);
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
      await this.#remove(this.#path(serviceId, id), await this.size(serviceId, id));
      this.#progress.delete(id);
    });
  }

  /** Drops uploads that nobody has written to for long. @returns the bytes that became free */
  async dropIdle(): Promise<number> {
    const { folder, limits, clock } = this.#options;
    let freed = 0;
    for (const name of await readdir(folder)) {
      const id = name.slice(name.indexOf('.') + 1);
      if (this.#progress.get(id)?.isBusy) continue;
      const found = await stat(join(folder, name)).catch(() => undefined);
      if (found === undefined || clock.now().getTime() - found.mtimeMs < limits.uploadIdleMs) continue;
      this.#progress.delete(id);
      await this.#remove(join(folder, name), found.size);
      freed += found.size;
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
    let received = start;
    let written = start;
    let writing: Promise<void> = Promise.resolve();
    const batch: Buffer[] = [];
    let batchBytes = 0;
    // While one batch is being written, the next one is read.
    const flush = async () => {
      const buffer = batch.length === 1 && batch[0] ? batch[0] : Buffer.concat(batch);
      batch.length = 0;
      batchBytes = 0;
      await writing;
      writing = writeFully(file, buffer, written).then(end => {
        this.#totalBytes += end - written;
        written = end;
      });
      writing.catch(() => {}); // told by the next one that waits for it
    };
    try {
      for await (const chunk of sourceOf(source)) {
        received += chunk.length;
        this.#checkRoom(received, received - written);
        if (received - start > length) break;
        if (progress.hashedBytes === received - chunk.length) {
          progress.hash.update(chunk);
          progress.hashedBytes = received;
        }
        batch.push(chunk);
        batchBytes += chunk.length;
        if (batchBytes >= writeBatchBytes) await flush();
      }
    } catch (error) {
      await flush().catch(() => {});
      throw asFull(error);
    } finally {
      try {
        if (batchBytes > 0) await flush();
        await writing.catch(rethrowFull);
      } finally {
        await file.close();
      }
    }
    return received;
  }

  #checkRoom(uploadBytes: number, unwrittenBytes: number): void {
    const { limits, blobs } = this.#options;
    if (uploadBytes > limits.maxBlobBytes) {
      throw new ImageError('too-large', `a blob may have ${limits.maxBlobBytes} bytes`);
    }
    const total = this.#totalBytes + unwrittenBytes + blobs.totalBytes;
    if (limits.maxStoreBytes > 0 && total > limits.maxStoreBytes) {
      throw new ImageError('full', `the image store may have ${limits.maxStoreBytes} bytes, and they are used`);
    }
  }

  async #cutBack(path: string, start: number, end: number): Promise<void> {
    const file = await open(path, 'r+');
    try {
      await file.truncate(start);
      this.#totalBytes -= end - start;
    } finally {
      await file.close();
    }
  }

  async #remove(path: string, size: number): Promise<void> {
    await rm(path, { force: true });
    this.#totalBytes -= size;
  }

  async #alone<Result>(
    serviceId: string,
    id: string,
    task: (progress: Progress) => Promise<Result>,
  ): Promise<Result> {
    await this.size(serviceId, id);
    const progress = this.#progress.get(id) ?? { hash: createHash('sha256'), hashedBytes: 0, isBusy: false };
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

async function hashAnew(progress: Progress, content: AsyncIterable<Buffer>): Promise<void> {
  progress.hash = createHash('sha256');
  progress.hashedBytes = 0;
  for await (const chunk of content) {
    progress.hash.update(chunk);
    progress.hashedBytes += chunk.length;
  }
}

function unknownUpload(): ImageError {
  return new ImageError('upload-unknown', 'there is no such upload');
}

function rethrowFull(error: unknown): never {
  throw asFull(error);
}
