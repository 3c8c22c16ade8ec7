import type { TarEntry } from '../../lib/tar/entry.ts';
import { LayerError, shown } from './layer-error.ts';
import { LayerTree } from './layer-tree.ts';

const whiteoutPrefix = '.wh.';
const opaqueMark = '.wh..wh..opq';
const opaqueAttribute = 'trusted.overlay.opaque';

/**
 * Turns the members of an image layer into those of a folder that an overlay takes as a lower one: names are
 * where they really are, and what hides something of the layers below is written as the overlay has it
 * (a device 0/0, an attribute of the folder). Devices are left out.
 */
export class OverlayLayer {
  readonly #tree = new LayerTree();
  readonly #folders = new Map<string, TarEntry>();
  /** Links come last: while the rest is written, there is none that could lead out of the folder. */
  readonly #links = new Map<string, TarEntry>();
  readonly #hidden = new Set<string>();
  readonly #opaque = new Set<string>();

  /** Folders that hide all that is in them below. */
  get opaqueFolders(): string[] {
    return [...this.#opaque];
  }

  /** What is written in its place, now; undefined when nothing is. @throws {LayerError} */
  translate(entry: TarEntry): TarEntry | undefined {
    const name = this.#tree.resolve(entry.name);
    const own = name.slice(name.lastIndexOf('/') + 1);
    const folder = name.slice(0, Math.max(0, name.length - own.length - 1));
    if (own.startsWith(whiteoutPrefix)) {
      this.#noteWhiteout(folder, own);
      return undefined;
    }
    switch (entry.type) {
      case 'device':
        return undefined;
      case 'folder': {
        const made = { ...entry, name: `./${name}`, target: '', attributes: kept(entry) };
        this.#links.delete(name);
        this.#tree.add(name, 'folder');
        this.#folders.set(name, made);
        return made;
      }
      case 'hard-link': {
        const target = this.#tree.resolve(entry.target);
        if (this.#tree.has(target) !== 'other') {
          throw new LayerError(
            `${shown(entry.name)} is a link to ${shown(entry.target)}, which is not there`,
          );
        }
        if (target === name) return undefined;
        this.#add(name, entry, 'file');
        const made = { ...entry, name, target, attributes: new Map<string, string>() };
        return this.#links.has(target) ? this.#defer(made) : made;
      }
      case 'symbolic-link':
        this.#add(name, entry, { linksTo: entry.target });
        return this.#defer({ ...entry, name, attributes: kept(entry) });
      default:
        this.#add(name, entry, 'file');
        return { ...entry, name, target: '', attributes: kept(entry) };
    }
  }

  /** What comes after all members. */
  *rest(): Generator<TarEntry> {
    for (const path of this.#hidden) {
      // What the layer has itself is not hidden by it.
      const found = this.#tree.has(path);
      if (found === 'folder') this.#opaque.add(path);
      if (found === undefined) yield { ...nothing, type: 'device', name: path };
    }
    for (const path of this.#opaque) {
      const folder = this.#folders.get(path) ?? {
        ...nothing,
        type: 'folder',
        name: `./${path}`,
        mode: 0o755,
      };
      yield { ...folder, attributes: new Map([...folder.attributes, [opaqueAttribute, 'y']]) };
    }
    yield* this.#links.values();
  }

  #add(name: string, entry: TarEntry, kind: 'file' | { linksTo: string }): void {
    if (name === '') throw new LayerError('the root of the image is no folder');
    if (this.#tree.has(name) === 'folder') {
      throw new LayerError(`${shown(entry.name)} is a folder and something else at once`);
    }
    this.#links.delete(name);
    this.#tree.add(name, kind);
  }

  #defer(link: TarEntry): undefined {
    this.#links.set(link.name, link);
  }

  #noteWhiteout(folder: string, mark: string): void {
    if (mark === opaqueMark) {
      this.#opaque.add(folder);
      return;
    }
    const name = mark.slice(whiteoutPrefix.length);
    // Other marks of this form are a file system's own (AUFS).
    if (name === '' || name === '.' || name === '..' || name.startsWith(whiteoutPrefix)) return;
    this.#hidden.add(folder === '' ? name : `${folder}/${name}`);
  }
}

const nothing = {
  target: '',
  mode: 0,
  uid: 0,
  gid: 0,
  modifiedAt: 0,
  sizeBytes: 0,
  attributes: new Map<string, string>(),
} as const;

/**
 * Attributes that an image may bring: capabilities of programs, and what programs use themselves. Not the
 * overlay's own, which could show what the image does not have.
 */
function kept({ type, attributes }: TarEntry): ReadonlyMap<string, string> {
  if (attributes.size === 0) return attributes;
  return new Map(
    [...attributes].filter(
      ([name]) =>
        name === 'security.capability' ||
        (name.startsWith('user.') &&
          !name.startsWith('user.overlay.') &&
          (type === 'file' || type === 'folder')),
    ),
  );
}
