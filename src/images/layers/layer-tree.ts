import { LayerError, shown } from './layer-error.ts';

type Kind = 'folder' | 'file' | { readonly linksTo: string };

/** As the kernel has it. */
const maxLinksFollowed = 40;

/**
 * What a layer has so far, so that no member leaves the layer's folder: names are resolved as they would be
 * for a process whose root that folder is.
 */
export class LayerTree {
  readonly #kinds = new Map<string, Kind>([['', 'folder']]);
  readonly #resolved = new Map<string, string>();

  has(path: string): 'folder' | 'other' | undefined {
    const kind = this.#kinds.get(path);
    return kind === undefined || kind === 'folder' ? kind : 'other';
  }

  add(path: string, kind: Kind): void {
    const before = this.#kinds.get(path);
    this.#kinds.set(path, kind);
    if (typeof kind === 'object' || typeof before === 'object') this.#resolved.clear();
  }

  /**
   * Where a member really is: without links in its folders, and relative to the root. Its own name may be a link.
   * @throws {LayerError} for a name that leads out of the layer or through a file
   */
  resolve(name: string): string {
    const parts = splitName(name);
    const own = parts.pop();
    if (own === undefined) return '';
    const folder = this.#resolveFolder(parts);
    return folder === '' ? own : `${folder}/${own}`;
  }

  #resolveFolder(parts: readonly string[]): string {
    const key = parts.join('/');
    const known = this.#resolved.get(key);
    if (known !== undefined) return known;
    const found = this.#follow(parts);
    this.#resolved.set(key, found);
    return found;
  }

  #follow(parts: readonly string[]): string {
    const ahead = [...parts];
    let followed = 0;
    let here: string[] = [];
    for (let part = ahead.shift(); part !== undefined; part = ahead.shift()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        here.pop(); // in the target of a link; the root is its own parent
        continue;
      }
      const path = [...here, part].join('/');
      const kind = this.#kinds.get(path);
      if (kind === 'file') throw new LayerError(`${shown(parts.join('/'))} leads through a file`);
      if (typeof kind === 'object') {
        followed += 1;
        if (followed > maxLinksFollowed) throw new LayerError(`${shown(parts.join('/'))} has too many links`);
        if (kind.linksTo.startsWith('/')) here = [];
        ahead.unshift(...kind.linksTo.split('/'));
      } else {
        here.push(part);
      }
    }
    return here.join('/');
  }
}

/** The parts of a member's name. @throws {LayerError} for one that is none, or has `..` in it */
function splitName(name: string): string[] {
  if (name.includes('\0')) throw new LayerError('it has a name with a NUL');
  const parts = name.split('/').filter(part => part !== '' && part !== '.');
  if (parts.includes('..')) throw new LayerError(`${shown(name)} leads out of the image`);
  return parts;
}
