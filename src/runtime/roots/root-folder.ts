import { chmod, mkdir, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomId } from '../../lib/ids.ts';

/** Where a workload writes: `upper` is what it has written, `work` is for the overlay's own use. */
export interface WritableLayer {
  readonly folder: string;
  readonly upper: string;
  readonly work: string;
  /** Says which checkpoint it was last equal to. */
  readonly origin: string;
}

/**
 * One persistent root on disk. It may have several layers while one takes the place of another; a link says
 * which one counts, so that one rename decides.
 */
export class RootFolder {
  readonly path: string;
  /** Copies of the layer by name; whatever is there is complete. */
  readonly checkpoints: string;
  /** Checkpoints that are being made. */
  readonly unfinished: string;
  readonly #layers: string;
  readonly #live: string;

  constructor(path: string) {
    this.path = path;
    this.checkpoints = join(path, 'checkpoints');
    this.unfinished = join(path, 'unfinished');
    this.#layers = join(path, 'layers');
    this.#live = join(path, 'live');
  }

  /** Makes what is missing of it. */
  async make(): Promise<WritableLayer> {
    for (const folder of [this.path, this.#layers, this.checkpoints, this.unfinished]) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    }
    await chmod(this.checkpoints, 0o755); // its workload's user may read them
    const live = await this.live();
    if (live !== undefined) return live;
    const layer = await this.newLayer();
    await mkdir(layer.upper);
    await chmod(layer.upper, 0o755); // its mode is that of `/`, and a new folder's is cut by the umask
    await this.switchTo(layer);
    return layer;
  }

  /** The layer that counts; undefined where the root is not there, or not made completely. */
  async live(): Promise<WritableLayer | undefined> {
    const target = await readlink(this.#live).catch(() => undefined);
    return target === undefined ? undefined : layerAt(join(this.path, target));
  }

  /** A layer beside the live one; its `upper` is yet to be made. */
  async newLayer(): Promise<WritableLayer> {
    const layer = layerAt(join(this.#layers, randomId()));
    await mkdir(layer.folder, { mode: 0o700 });
    await mkdir(layer.work, { mode: 0o700 });
    return layer;
  }

  /** From here on the layer counts, whatever happens to the server. */
  async switchTo(layer: WritableLayer): Promise<void> {
    const link = `${this.#live}.new`;
    await rm(link, { force: true });
    await symlink(layer.folder.slice(this.path.length + 1), link);
    await rename(link, this.#live);
  }

  /** What a killed server has left: layers that do not count, and unfinished checkpoints. */
  async leftOvers(): Promise<string[]> {
    const live = await this.live();
    const layers = await pathsIn(this.#layers);
    return [...layers.filter(path => path !== live?.folder), ...(await pathsIn(this.unfinished))];
  }

  /** Replaces a small file of the root at once. */
  async write(name: string, content: string): Promise<void> {
    const file = join(this.path, name);
    await writeFile(`${file}.new`, content, { mode: 0o600 });
    await rename(`${file}.new`, file);
  }
}

function layerAt(folder: string): WritableLayer {
  return {
    folder,
    upper: join(folder, 'upper'),
    work: join(folder, 'work'),
    origin: join(folder, 'origin.json'),
  };
}

async function pathsIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).map(name => join(folder, name));
}
