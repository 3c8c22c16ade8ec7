import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { randomId } from '../../lib/ids.ts';
import { Slots, Turns } from '../../lib/turns.ts';
import type { ImagesInUse } from '../../runtime/runtime.ts';
import type { BlobFiles } from '../blobs/blob-files.ts';
import { hexOf } from '../blobs/digest.ts';
import { asFull } from '../errors.ts';
import { freshLayerMs, type ImageLimits } from '../limits.ts';
import { LayerError } from './layer-error.ts';
import { SharedTasks } from './shared-tasks.ts';
import { unpackLayer } from './unpack.ts';

export interface LayerStoreOptions {
  readonly folder: string;
  readonly blobs: BlobFiles;
  readonly limits: Pick<
    ImageLimits,
    'maxLayerBytes' | 'maxLayerEntries' | 'unusedLayerMs' | 'maxLayersBytes'
  >;
  readonly clock: Clock;
  /** What workloads run from; undefined while that is not known, when no layer is removed to make room. */
  readonly findInUse?: () => Promise<ImagesInUse> | undefined;
}

/** An unpacked layer. */
export interface Layer {
  /** A lower folder for an overlay. */
  readonly path: string;
  /** Folders in it that hide all that is in them in the layers below. */
  readonly opaqueFolders: readonly string[];
}

/** What is known of an unpacked layer; beside its folder. */
interface LayerRecord {
  readonly diffId: string;
  readonly sizeBytes: number;
  readonly opaqueFolders: readonly string[];
  /** Of the kernel under which it was unpacked. */
  readonly bootId: string;
  /** Milliseconds since 1970. */
  readonly unpackedAt: number;
}

/** The mount options of an overlay have room for so many paths only if these are short. */
const nameLength = 16;
/** Unpacking at the same time; more only make each other slower. */
const unpackSlots = 3;
/** Linux writes what is in memory to the disk within half a minute, where it is not asked to wait longer. */
const writtenBackMs = 10 * 60_000;

/**
 * Layers as folders, unpacked once for all workloads, by the digest of their plain content. A folder appears
 * whole or not at all. After a restart of the machine it counts only if it had time to get to the disk before.
 */
export class LayerStore {
  readonly #options: LayerStoreOptions;
  readonly #unpacking = new SharedTasks<Layer>();
  readonly #slots = new Slots(unpackSlots);
  /** By name: a layer is not removed while it is being looked for. */
  readonly #turns = new Turns();
  /** Of whole layers. */
  #totalBytes = 0;
  /** Of layers that are being unpacked. */
  #unpackingBytes = 0;
  #makingRoom: Promise<void> | undefined;
  #bootId = '';

  constructor(options: LayerStoreOptions) {
    this.#options = options;
  }

  /** Removes what a killed server has left half made. */
  async open(): Promise<void> {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    this.#bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();
    this.#totalBytes = 0;
    for (const name of await readdir(folder)) {
      const record = await this.#record(name);
      const isWhole = record !== undefined && (await this.#isSafe(name, record));
      if (isWhole) this.#totalBytes += record.sizeBytes;
      else await rm(join(folder, name), { recursive: true, force: true });
    }
  }

  /** Of all unpacked layers, and of what is there of those that are being unpacked. */
  get totalBytes(): number {
    return this.#totalBytes + this.#unpackingBytes;
  }

  /**
   * Finds a layer, or unpacks it: once, however many ask at the same time.
   * @param digest of the blob that it is packed in
   * @throws {LayerError}
   */
  async prepare(diffId: string, digest: string, signal: AbortSignal): Promise<Layer> {
    return this.#unpacking.run(diffId, signal, async shared => {
      const found = await this.#find(diffId);
      return found ?? this.#slots.run(() => this.#unpack(diffId, digest, shared));
    });
  }

  /** Undefined where it is not unpacked yet; else it counts as used now. */
  #find(diffId: string): Promise<Layer | undefined> {
    const name = nameOf(diffId);
    return this.#turns.run(name, async () => {
      const found = await this.#record(name);
      if (found === undefined) return undefined;
      if (found.diffId !== diffId) throw new LayerError('another layer has the same short name');
      await this.#touch(name);
      return { path: this.#path(name, 'fs'), opaqueFolders: found.opaqueFolders };
    });
  }

  /**
   * Removes layers that were not used for long, and more where all together take too much.
   * @param inUse folders that workloads lie over
   * @param keepMs layers prepared within this time are about to be used
   * @returns the bytes that became free
   */
  async collect(inUse: ReadonlySet<string>, keepMs: number): Promise<number> {
    const { limits, clock } = this.#options;
    const now = clock.now().getTime();
    let freed = 0;
    for (const { name, sizeBytes, usedAt, unpackedAt } of await this.#byLastUse()) {
      if (now - unpackedAt > writtenBackMs) await writeFile(this.#path(name, 'on-disk'), '');
      const unusedMs = now - usedAt;
      if (unusedMs < (this.#isOver() ? keepMs : limits.unusedLayerMs)) continue;
      if (inUse.has(this.#path(name, 'fs')) || !(await this.#removeUnused(name, usedAt))) continue;
      this.#totalBytes -= sizeBytes;
      freed += sizeBytes;
    }
    return freed;
  }

  #isOver(): boolean {
    const { maxLayersBytes } = this.#options.limits;
    return maxLayersBytes > 0 && this.totalBytes > maxLayersBytes;
  }

  /** Makes room by removing layers that no workload uses. @throws {LayerError} where that is not enough */
  async #makeRoom(): Promise<void> {
    const { limits, findInUse } = this.#options;
    this.#makingRoom ??= (async () => {
      const inUse = await findInUse?.();
      if (inUse !== undefined) await this.collect(inUse.layers, freshLayerMs);
    })().finally(() => {
      this.#makingRoom = undefined;
    });
    await this.#makingRoom;
    if (this.#isOver()) {
      throw new LayerError(
        `the server keeps ${limits.maxLayersBytes} bytes of unpacked images at most, and those there are in use`,
      );
    }
  }

  async #unpack(diffId: string, digest: string, signal: AbortSignal): Promise<Layer> {
    const { folder, blobs, limits } = this.#options;
    const archive = await blobs.read(digest);
    if (archive === undefined) throw new LayerError('its content is not in the image store');
    const temporary = join(folder, `.${randomId()}`);
    const name = nameOf(diffId);
    let takenBytes = 0;
    const takeRoom = async (bytes: number) => {
      takenBytes += bytes;
      this.#unpackingBytes += bytes;
      if (this.#isOver()) await this.#makeRoom();
    };
    try {
      await mkdir(temporary, { mode: 0o700 });
      await mkdir(join(temporary, 'fs'), { mode: 0o755 });
      const unpacked = await unpackLayer(archive, join(temporary, 'fs'), {
        diffId,
        limits,
        signal,
        takeRoom,
      });
      const unpackedAt = this.#options.clock.now().getTime();
      const record: LayerRecord = { diffId, bootId: this.#bootId, unpackedAt, ...unpacked };
      await writeFile(join(temporary, 'layer.json'), JSON.stringify(record));
      await rename(temporary, join(folder, name));
      this.#totalBytes += unpacked.sizeBytes;
      return { path: this.#path(name, 'fs'), opaqueFolders: unpacked.opaqueFolders };
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      throw asFull(error);
    } finally {
      this.#unpackingBytes -= takenBytes;
      await archive.close();
    }
  }

  async #isSafe(name: string, { bootId }: LayerRecord): Promise<boolean> {
    if (bootId !== '' && bootId === this.#bootId) return true;
    return stat(this.#path(name, 'on-disk')).then(
      () => true,
      () => false,
    );
  }

  async #byLastUse(): Promise<(LayerRecord & { name: string; usedAt: number })[]> {
    const layers = [];
    for (const name of await readdir(this.#options.folder)) {
      const record = await this.#record(name);
      const found = await stat(this.#path(name, 'layer.json')).catch(() => undefined);
      if (record && found) layers.push({ ...record, name, usedAt: found.mtimeMs });
    }
    return layers.sort((a, b) => a.usedAt - b.usedAt);
  }

  /** Gone at once, whatever happens to the server then. @returns false where it was used after that time */
  async #removeUnused(name: string, usedAt: number): Promise<boolean> {
    const trash = join(this.#options.folder, `.${randomId()}`);
    const isRemoved = await this.#turns.run(name, async () => {
      const found = await stat(this.#path(name, 'layer.json')).catch(() => undefined);
      if (found === undefined || found.mtimeMs !== usedAt) return false;
      await rename(join(this.#options.folder, name), trash);
      return true;
    });
    if (isRemoved) await rm(trash, { recursive: true, force: true });
    return isRemoved;
  }

  async #touch(name: string): Promise<void> {
    const now = this.#options.clock.now();
    await utimes(this.#path(name, 'layer.json'), now, now);
  }

  async #record(name: string): Promise<LayerRecord | undefined> {
    if (name.startsWith('.')) return undefined;
    try {
      return JSON.parse(await readFile(this.#path(name, 'layer.json'), 'utf8')) as LayerRecord;
    } catch {
      return undefined; // not there, or cut off by a power cut
    }
  }

  #path(name: string, file: string): string {
    return join(this.#options.folder, name, file);
  }
}

function nameOf(diffId: string): string {
  return hexOf(diffId).slice(0, nameLength);
}
