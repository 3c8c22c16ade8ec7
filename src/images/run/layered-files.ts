import { lstat, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layer } from '../layers/layer-store.ts';

const maxLinksFollowed = 40;

type Found = { readonly kind: 'folder' } | { readonly kind: 'file' | 'link'; readonly path: string };

/**
 * Reads a file as a workload would see it that lies over these layers, without a mount. Links lead nowhere but
 * into the layers.
 * @param layers the topmost first
 * @returns undefined where there is none, or one that is larger
 */
export async function readLayered(
  layers: readonly Layer[],
  path: string,
  maxBytes: number,
): Promise<string | undefined> {
  const ahead = path.split('/');
  let here: string[] = [];
  let followed = 0;
  for (let part = ahead.shift(); part !== undefined; part = ahead.shift()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      here.pop();
      continue;
    }
    const found = await look(layers, here, part);
    if (found === undefined) return undefined;
    if (found.kind === 'link') {
      followed += 1;
      if (followed > maxLinksFollowed) return undefined;
      const target = await readlink(found.path);
      if (target.startsWith('/')) here = [];
      ahead.unshift(...target.split('/'));
    } else if (found.kind === 'file') {
      const isLast = ahead.length === 0;
      const fits = isLast && (await lstat(found.path)).size <= maxBytes;
      return fits ? readFile(found.path, 'utf8') : undefined;
    } else {
      here.push(part);
    }
  }
  return undefined;
}

/** What a name in a folder is; the topmost layer that says something about it decides. */
async function look(
  layers: readonly Layer[],
  folder: readonly string[],
  name: string,
): Promise<Found | undefined> {
  let isFolder = false;
  for (const layer of layers) {
    const path = join(layer.path, ...folder, name);
    const found = await lstat(path).catch(() => undefined);
    if (found?.isDirectory()) {
      isFolder = true;
    } else if (found !== undefined) {
      if (isFolder || found.isCharacterDevice()) break; // hidden by a folder above; a whiteout
      if (found.isSymbolicLink()) return { kind: 'link', path };
      return found.isFile() ? { kind: 'file', path } : undefined;
    }
    if (await hidesBelow(layer, folder)) break;
  }
  return isFolder ? { kind: 'folder' } : undefined;
}

/** Whether nothing of that folder in the layers below can be seen through this layer. */
async function hidesBelow(layer: Layer, folder: readonly string[]): Promise<boolean> {
  for (let depth = 0; depth <= folder.length; depth++) {
    const path = folder.slice(0, depth).join('/');
    if (layer.opaqueFolders.includes(path)) return true;
    const found = await lstat(join(layer.path, path)).catch(() => undefined);
    if (found !== undefined && !found.isDirectory()) return true;
  }
  return false;
}
