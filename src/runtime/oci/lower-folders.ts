import { mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { randomId } from '../../lib/ids.ts';
import type { Bundle } from './bundle.ts';

/** The options of a mount are one page, with its last byte a zero. */
const maxOptionBytes = 4_095;
/** What the options have beside the paths. */
const otherOptionBytes = 'lowerdir=,upperdir=,workdir=,volatile'.length;

const shortcutRoot = '/run';
const shortcutPattern = /^berth-[a-z0-9]{6}$/;

/**
 * The layers of an image as they are named in the options of its overlay. An image of many layers does not fit
 * there by its full paths: then the bundle has links to them, and a short link leads to these links. They are
 * followed when the overlay is mounted, and are not needed any more once it is.
 */
export class LowerFolders implements AsyncDisposable {
  /** The topmost first. */
  readonly paths: readonly string[];
  readonly #layers: readonly string[];
  readonly #folder: string;
  readonly #shortcut: string | undefined;

  /** @param layers full paths, the topmost first */
  constructor(
    layers: readonly string[],
    { lower }: Bundle,
    { upper, work }: { upper: string; work: string },
  ) {
    const fullBytes = otherOptionBytes + [...layers, upper, work].join(':').length;
    this.#layers = layers;
    this.#folder = lower;
    const shortcut = join(shortcutRoot, `berth-${randomId(6)}`);
    this.#shortcut = fullBytes > maxOptionBytes ? shortcut : undefined;
    this.paths = this.#shortcut === undefined ? layers : layers.map((_, at) => `${shortcut}/${at}`);
  }

  /** Makes the links, where there are any. Call when the bundle is there. */
  async make(): Promise<void> {
    if (this.#shortcut === undefined) return;
    await mkdir(this.#folder);
    await Promise.all(this.#layers.map((path, at) => symlink(path, join(this.#folder, `${at}`))));
    await symlink(this.#folder, this.#shortcut);
  }

  /** Call when the container is made. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#shortcut !== undefined) await rm(this.#shortcut, { force: true });
  }
}

/** Removes links that a killed server has left. @param bundles the folder of its bundles */
export async function removeShortcuts(bundles: string): Promise<void> {
  for (const name of await readdir(shortcutRoot).catch(() => [])) {
    if (!shortcutPattern.test(name)) continue;
    const path = join(shortcutRoot, name);
    const target = await readlink(path).catch(() => '');
    if (target.startsWith(`${bundles}/`)) await rm(path, { force: true });
  }
}
