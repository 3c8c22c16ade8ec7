import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { randomId } from '../../lib/ids.ts';
import { Slots } from '../../lib/turns.ts';
import type { BlobFiles } from '../blobs/blob-files.ts';
import { hexOf } from '../blobs/digest.ts';
import { asFull } from '../errors.ts';
import type { ImageLimits } from '../limits.ts';
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
const unpackSlots = 2;
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
  #totalBytes = 0;
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

  /** Of all unpacked layers. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /**
   * Finds a layer, or unpacks it: once, however many ask at the same time.
   * @param digest of the blob that it is packed in
   * @throws {LayerError}
   */
  async prepare(diffId: string, digest: string, signal: AbortSignal): Promise<Layer> {
    return this.#unpacking.run(diffId, signal, async shared => {
      const name = nameOf(diffId);
      const found = await this.#record(name);
      if (found === undefined) return this.#slots.run(() => this.#unpack(diffId, digest, shared));
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
      const isOver = limits.maxLayersBytes > 0 && this.#totalBytes > limits.maxLayersBytes;
      if (unusedMs < (isOver ? keepMs : limits.unusedLayerMs) || inUse.has(this.#path(name, 'fs'))) continue;
      await this.#remove(name);
      this.#totalBytes -= sizeBytes;
      freed += sizeBytes;
    }
    return freed;
  }

  async #unpack(diffId: string, digest: string, signal: AbortSignal): Promise<Layer> {
    const { folder, blobs, limits } = this.#options;
    const archive = await blobs.read(digest);
    if (archive === undefined) throw new LayerError('its content is not in the image store');
    const temporary = join(folder, `.${randomId()}`);
    const name = nameOf(diffId);
    try {
      await mkdir(temporary, { mode: 0o700 });
      await mkdir(join(temporary, 'fs'), { mode: 0o755 });
      const unpacked = await unpackLayer(archive, join(temporary, 'fs'), { diffId, limits, signal });
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

  /** Gone at once, whatever happens to the server then. */
  async #remove(name: string): Promise<void> {
    const trash = join(this.#options.folder, `.${randomId()}`);
    await rename(join(this.#options.folder, name), trash);
    await rm(trash, { recursive: true, force: true });
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
