import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { randomId } from '../../lib/ids.ts';
import { Turns } from '../../lib/turns.ts';
import { asFull } from '../errors.ts';
import { algorithmOf, digestAlgorithms, hexOf, isDigest } from './digest.ts';
import { isMissing, syncFolder } from './files.ts';

/** A stored blob as the collector sees it. */
export interface StoredBlob {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly storedAt: Date;
}

/**
 * Content by its digest, a file for each in a folder for each algorithm, whoever it belongs to. A file appears whole or not at all, and what
 * is noted about it is noted before anybody else can take the file away.
 */
export class BlobFiles {
  readonly #folder: string;
  readonly #turns = new Turns();
  #totalBytes = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folders and counts what is there. */
  async open(): Promise<void> {
    for (const algorithm of digestAlgorithms) {
      await mkdir(join(this.#folder, algorithm), { recursive: true, mode: 0o700 });
    }
    this.#totalBytes = 0;
    for await (const { sizeBytes } of this.list()) this.#totalBytes += sizeBytes;
  }

  /** Of all that is stored. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Undefined where it is not stored. */
  async read(digest: string): Promise<FileHandle | undefined> {
    try {
      return await open(this.#path(digest), 'r');
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** The whole content; undefined where it is not stored or has more bytes. */
  async readWhole(digest: string, maxBytes: number): Promise<Buffer | undefined> {
    const file = await this.read(digest);
    if (file === undefined) return undefined;
    try {
      return (await file.stat()).size > maxBytes ? undefined : await file.readFile();
    } finally {
      await file.close();
    }
  }

  /**
   * Takes a finished file into the store, on the disk when it resolves.
   * @param path of the file, in the same file system; gone afterwards
   * @param note runs when the content is stored, before it can be collected
   */
  adopt<Result>(digest: string, path: string, note: () => Promise<Result>): Promise<Result> {
    return this.#turns.run(digest, async () => {
      const known = await this.#size(digest);
      const { size } = await stat(path);
      const place = this.#path(digest);
      await rename(path, place);
      this.#totalBytes += size - (known ?? 0);
      await syncFolder(dirname(place));
      return note();
    });
  }

  /** Stores a small content; as {@link adopt}. */
  async write<Result>(digest: string, content: Buffer, note: () => Promise<Result>): Promise<Result> {
    const path = join(this.#folder, algorithmOf(digest), `.${randomId()}`);
    try {
      const file = await open(path, 'wx', 0o600);
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      return await this.adopt(digest, path, note);
    } catch (error) {
      await rm(path, { force: true });
      throw asFull(error);
    }
  }

  /** Runs `note` while the content can't be collected. @returns undefined where it is not stored */
  whileStored<Result>(digest: string, note: () => Promise<Result>): Promise<Result | undefined> {
    return this.#turns.run(digest, async () =>
      (await this.#size(digest)) === undefined ? undefined : note(),
    );
  }

  /** @returns the bytes that became free; 0 where `isKept` says that somebody needs it */
  removeUnless(digest: string, isKept: () => Promise<boolean>): Promise<number> {
    return this.#turns.run(digest, async () => {
      const size = await this.#size(digest);
      if (size === undefined || (await isKept())) return 0;
      await rm(this.#path(digest), { force: true });
      this.#totalBytes -= size;
      return size;
    });
  }

  async *list(): AsyncGenerator<StoredBlob> {
    for (const algorithm of digestAlgorithms) {
      for (const name of await readdir(join(this.#folder, algorithm))) {
        const digest = `${algorithm}:${name}`;
        if (!isDigest(digest)) continue;
        const found = await stat(this.#path(digest)).catch(() => undefined);
        if (found !== undefined) yield { digest, sizeBytes: found.size, storedAt: found.ctime };
      }
    }
  }

  /** Removes what a killed server was writing. Call before anything is written. */
  async removeLeftovers(): Promise<void> {
    for (const algorithm of digestAlgorithms) {
      const folder = join(this.#folder, algorithm);
      for (const name of await readdir(folder)) {
        if (name.startsWith('.')) await rm(join(folder, name), { force: true });
      }
    }
  }

  async #size(digest: string): Promise<number | undefined> {
    try {
      return (await stat(this.#path(digest))).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  #path(digest: string): string {
    return join(this.#folder, algorithmOf(digest), hexOf(digest));
  }
}
