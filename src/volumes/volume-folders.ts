import { mkdir, readdir, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDnsLabel } from '../lib/dns-label.ts';
import { randomId } from '../lib/ids.ts';
import { FolderHandle } from './folder-handle.ts';
import {
  type OpenVolume,
  VolumeError,
  type VolumeOwner,
  type VolumeReference,
  type Volumes,
} from './volumes.ts';

const segmentPattern = /^[A-Za-z0-9._-]{1,255}$/;
/** No owner's kind is called so. */
const trashName = 'trash';

/**
 * Volumes as folders: `<root>/<kind>/<owner's id>/<path>`. Only the server gets into the folders of owners, so
 * that a volume can be open to every user: who mounts it may write.
 */
export class VolumeFolders implements Volumes {
  #root: string;
  readonly #trash: string;

  /** @param root absolute path of the folder for all of them */
  constructor(root: string) {
    this.#root = root;
    this.#trash = join(root, trashName);
  }

  /** Finishes what an earlier server was removing. Call once, before anything else. */
  async prepare(): Promise<void> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    this.#root = await realpath(this.#root);
    await rm(this.#trash, { recursive: true, force: true });
  }

  async open({ owner, path }: VolumeReference): Promise<OpenVolume> {
    const segments = path.split('/');
    if (!segments.every(isSegment)) throw new Error(`"${path}" is no path of a volume`);
    const home = this.#home(owner);
    await mkdir(home, { recursive: true, mode: 0o700 });
    let folder = await FolderHandle.open(home);
    for (const segment of segments) {
      const above = folder;
      try {
        folder = await above.child(segment);
      } catch (error) {
        if (!(error instanceof VolumeError)) throw error;
        throw new VolumeError(`the folder ${path} can't be mounted: ${error.message}`, { cause: error });
      } finally {
        await above.close();
      }
    }
    return {
      path: folder.path,
      pinnedPath: folder.pinnedPath,
      [Symbol.asyncDispose]: () => folder.close(),
    };
  }

  async owners(kind: VolumeOwner['kind']): Promise<string[]> {
    const names = await readdir(join(this.#root, kind)).catch(error => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    });
    return names.filter(isDnsLabel);
  }

  async removeOwner(owner: VolumeOwner): Promise<void> {
    await mkdir(this.#trash, { recursive: true, mode: 0o700 });
    const doomed = join(this.#trash, randomId());
    try {
      // All at once, whatever happens to the server then.
      await rename(this.#home(owner), doomed);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    await rm(doomed, { recursive: true, force: true, maxRetries: 3 });
  }

  #home({ kind, id }: VolumeOwner): string {
    if (!isDnsLabel(id)) throw new Error(`"${id}" is no id of an owner of volumes`);
    return join(this.#root, kind, id);
  }
}

function isSegment(text: string): boolean {
  return segmentPattern.test(text) && text !== '.' && text !== '..';
}
