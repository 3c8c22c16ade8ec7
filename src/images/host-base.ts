import { createHash } from 'node:crypto';
import { chmod, mkdir, realpath, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ImageConfig } from '../runtime/runtime.ts';
import { hostSkeleton, type SkeletonEntry } from './skeleton.ts';

/** A part of the machine that is visible inside, read-only and without set-uid programs or devices. */
export interface BaseMount {
  readonly source: string;
  readonly destination: string;
}

export interface HostBase {
  /** Folder of the private files that the machine's own programs need around them. */
  readonly layer: string;
  readonly mounts: readonly BaseMount[];
  readonly config: ImageConfig;
}

const user = 'berth';
const home = '/home/berth';
const nodeFolder = '/opt/berth/bin';

const config: ImageConfig = {
  command: [],
  env: {
    PATH: `${nodeFolder}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: home,
    USER: user,
    LANG: 'C.UTF-8',
  },
  user,
  workingDirectory: home,
  stopSignal: 'SIGTERM',
};

/**
 * Makes the base under `folder` or finds it there. Its folder is named after its content and never changed:
 * running workloads may lie over an older one.
 */
export async function buildHostBase(folder: string): Promise<HostBase> {
  const { entries, mounts } = await hostSkeleton();
  const name = createHash('sha256').update(JSON.stringify(entries)).digest('hex').slice(0, 16);
  const layer = join(folder, name);
  if (!(await exists(layer))) await writeLayer(folder, layer, entries);
  const system = mounts.map(path => ({ source: join('/', path), destination: join('/', path) }));
  const node = { source: await realpath(process.execPath), destination: join(nodeFolder, 'node') };
  return { layer, mounts: [...system, node], config };
}

async function writeLayer(folder: string, layer: string, entries: readonly SkeletonEntry[]): Promise<void> {
  const temporary = join(folder, `.${basename(layer)}`);
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  try {
    for (const entry of entries) await writeEntry(temporary, entry);
    await chmod(temporary, 0o755);
    await rename(temporary, layer);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (!(await exists(layer))) throw error; // else someone else made it at the same time
  }
}

async function writeEntry(root: string, entry: SkeletonEntry): Promise<void> {
  const path = join(root, entry.path);
  if (entry.type === 'link') {
    await symlink(entry.target, path);
    return;
  }
  if (entry.type === 'folder') await mkdir(path);
  else await writeFile(path, entry.content, 'latin1');
  // Not as a mode of the calls above: those are cut by the umask.
  await chmod(path, entry.type === 'folder' ? entry.mode : 0o644);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
