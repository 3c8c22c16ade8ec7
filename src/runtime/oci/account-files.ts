import { chmod, chown, lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { WorkloadAccount } from '../runtime.ts';
import { ociLimits } from './limits.ts';

/** The layers of a root file system that nothing runs in. */
export interface RootLayers {
  readonly upper: string;
  /** The topmost first. */
  readonly lower: readonly string[];
  /** A folder of the same file system as `upper`, for files that are not complete yet. */
  readonly scratch: string;
}

/**
 * Makes an account and its home folder in the upper layer, where they are missing. Programs may have changed
 * everything there: a link, or something else in the place of a folder, is left alone and never followed.
 */
export async function makeAccount(layers: RootLayers, account: WorkloadAccount): Promise<void> {
  const { name, uid, gid, home } = account;
  if (await makeFolders(layers, 'etc')) {
    await addEntry(layers, 'etc/passwd', [name, 'x', uid, gid, '', home, '/bin/sh'].join(':'));
    await addEntry(layers, 'etc/group', [name, 'x', gid, ''].join(':'));
  }
  await makeFolders(layers, home.slice(1), { uid, gid });
}

/** Does nothing where the name is known already. */
async function addEntry(layers: RootLayers, path: string, entry: string): Promise<void> {
  const content = await effectiveContent(layers, path);
  if (content === undefined) return;
  const lines = content.split('\n').filter(line => line !== '');
  const [name, , number] = entry.split(':');
  if (lines.some(line => line.split(':')[0] === name)) return;
  // Before another of that number, so that the number is shown by this name.
  const same = lines.findIndex(line => line.split(':')[2] === number);
  lines.splice(same < 0 ? lines.length : same, 0, entry);
  const fresh = join(layers.scratch, 'account.new');
  await rm(fresh, { force: true });
  await writeFile(fresh, `${lines.join('\n')}\n`, 'latin1');
  await chmod(fresh, 0o644);
  await rename(fresh, join(layers.upper, path));
}

/** Empty where there is none; undefined where it is nothing that could be added to. */
async function effectiveContent(layers: RootLayers, path: string): Promise<string | undefined> {
  for (const layer of [layers.upper, ...layers.lower]) {
    const file = join(layer, path);
    const found = await lstat(file).catch(() => undefined);
    if (found === undefined) continue;
    if (found.isFile()) {
      return found.size > ociLimits.maxAccountFileBytes ? undefined : await readFile(file, 'latin1');
    }
    return found.isCharacterDevice() ? '' : undefined; // a whiteout: it was deleted
  }
  return '';
}

/**
 * Makes a folder of the upper layer and those that it is in, with the attributes that they have below.
 * @param owner of the folder itself where no layer has it
 * @returns false where something else is in the way
 */
async function makeFolders(
  layers: RootLayers,
  path: string,
  owner?: { uid: number; gid: number },
): Promise<boolean> {
  const parent = dirname(path);
  if (parent !== '.' && !(await makeFolders(layers, parent))) return false;
  const folder = join(layers.upper, path);
  const there = await lstat(folder).catch(() => undefined);
  if (there?.isCharacterDevice())
    await rm(folder); // a whiteout: it was deleted
  else if (there !== undefined) return there.isDirectory();
  const below = await folderBelow(layers.lower, path);
  if (below === 'other') return false;
  const { uid, gid, mode } = below ?? { uid: 0, gid: 0, mode: 0o755, ...owner };
  await mkdir(folder);
  await chown(folder, uid, gid);
  await chmod(folder, mode & 0o7777);
  return true;
}

async function folderBelow(
  layers: readonly string[],
  path: string,
): Promise<{ uid: number; gid: number; mode: number } | 'other' | undefined> {
  for (const layer of layers) {
    const found = await lstat(join(layer, path)).catch(() => undefined);
    if (found?.isDirectory()) return found;
    if (found !== undefined) return found.isCharacterDevice() ? undefined : 'other';
  }
  return undefined;
}
