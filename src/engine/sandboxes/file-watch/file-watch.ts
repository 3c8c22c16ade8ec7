import { Turns } from '../../../lib/turns.ts';
import { type Actor, access, require } from '../files/actor.ts';
import { FileError } from '../files/file-error.ts';
import type { Folder } from '../files/folder.ts';
import { atPlace } from '../files/walk.ts';
import { difference, type FileChange, type Look } from './file-change.ts';
import { isOfKernel } from './kernel-folders.ts';
import { maxWatchedEntries, maxWatchedFolders } from './limits.ts';
import { WatchedFolder } from './watched-folder.ts';

export interface FileWatchOptions {
  /** Host path of the root as the sandbox sees it. */
  readonly rootPath: string;
  readonly actor: Actor;
  /** Folders below are watched, too, also those that are made later. Links are never followed. */
  readonly recursive: boolean;
  readonly onChange: (change: FileChange) => void;
  /** Something can't be watched, in words for people; the rest goes on. */
  readonly onTrouble: (message: string) => void;
}

const looking = 'looking';

/** Tells of changes in some folders and files of a sandbox. To be closed before its root is taken away. */
export class FileWatch {
  readonly #options: FileWatchOptions;
  /** By path; a file is watched by its folder, which then tells of that name alone. */
  readonly #folders = new Map<string, WatchedFolder>();
  readonly #turns = new Turns();
  #entries = 0;
  #closed = false;
  #isFull = false;

  constructor(options: FileWatchOptions) {
    this.#options = options;
  }

  /** Watches a folder with what is in it, or a file. @param path absolute @throws {FileError} */
  add(path: string): Promise<void> {
    const { rootPath, actor } = this.#options;
    return this.#turns.run(looking, () =>
      atPlace(rootPath, path, { actor, followLast: true }, async ({ folder, name }) => {
        if (name === undefined) return await this.#open(await folder.again(), undefined);
        const stats = await folder.statOf(name);
        if (stats.isDirectory()) return await this.#open(await folder.child(name), undefined);
        return await this.#open(await folder.again(), new Set([name]));
      }),
    );
  }

  /** Nothing is told any more; what it held open is closed when this resolves. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#turns.run(looking, async () => {
      for (const folder of this.#folders.values()) await folder.close();
      this.#folders.clear();
    });
  }

  /** Takes the folder over. @throws {FileError} EACCES */
  async #open(folder: Folder, only: ReadonlySet<string> | undefined): Promise<void> {
    const key = only === undefined ? folder.path : `${folder.path}/${[...only].join('/')}`;
    try {
      if (this.#closed || this.#folders.has(key) || this.#isOver(1)) return await folder.close();
      require(this.#options.actor, await folder.stat(), access.read | access.search, folder.path || '/');
    } catch (error) {
      await folder.close();
      throw error;
    }
    const watched = new WatchedFolder(folder, only, names => {
      void this.#turns.run(looking, () => this.#lookAt(watched, names));
    });
    this.#folders.set(key, watched);
    for (const name of await watched.names()) {
      const look = await watched.look(name);
      if (look !== undefined) await this.#remember(watched, name, look);
    }
  }

  async #remember(folder: WatchedFolder, name: string, look: Look): Promise<void> {
    if (!folder.known.has(name)) this.#entries++;
    folder.known.set(name, look);
    if (look.isDir && this.#options.recursive) await this.#openBelow(folder, name);
  }

  async #openBelow(folder: WatchedFolder, name: string): Promise<void> {
    const path = `${folder.path}/${name}`;
    try {
      const below = await folder.child(name);
      if (await isOfKernel(below)) await below.close();
      else await this.#open(below, undefined);
    } catch (error) {
      // It has gone again, or is not for this account.
      if (error instanceof FileError) this.#options.onTrouble(`${error.message}: it is not watched`);
      else this.#options.onTrouble(`${path} can't be watched`);
    }
  }

  async #lookAt(folder: WatchedFolder, names: readonly string[]): Promise<void> {
    if (this.#closed) return;
    const gone: string[] = [];
    for (const name of names) {
      const before = folder.known.get(name);
      const now = await folder.look(name);
      if (now === undefined) {
        if (before !== undefined) gone.push(name);
        continue;
      }
      const event = before === undefined ? 'create' : difference(before, now);
      if (event !== undefined) this.#tell(folder, name, event, now);
      if (before?.isDir && event === 'create') await this.#closeBelow(`${folder.path}/${name}`);
      if (before === undefined && this.#isOver(0)) continue;
      if (event === 'create' && now.isDir && this.#options.recursive) await this.#tellNew(folder, name, now);
      else folder.known.set(name, now);
      if (before === undefined && !now.isDir) this.#entries++;
    }
    for (const name of gone) await this.#forget(folder, name);
  }

  /** What was in a folder before it was watched is new, too. */
  async #tellNew(folder: WatchedFolder, name: string, look: Look): Promise<void> {
    await this.#remember(folder, name, look);
    const path = `${folder.path}/${name}`;
    for (const below of this.#folders.values()) {
      if (below.path !== path && !below.path.startsWith(`${path}/`)) continue;
      for (const [each, known] of below.known) this.#tell(below, each, 'create', known);
    }
  }

  async #forget(folder: WatchedFolder, name: string): Promise<void> {
    const before = folder.known.get(name);
    if (before === undefined) return;
    folder.known.delete(name);
    this.#entries--;
    const event = this.#isKnown(before.inode) ? 'rename' : 'remove';
    if (before.isDir) await this.#closeBelow(`${folder.path}/${name}`);
    this.#tell(folder, name, event, { ...before, sizeBytes: 0 });
  }

  #isKnown(inode: string): boolean {
    for (const { known } of this.#folders.values()) {
      for (const look of known.values()) if (look.inode === inode) return true;
    }
    return false;
  }

  async #closeBelow(path: string): Promise<void> {
    for (const [key, folder] of this.#folders) {
      if (folder.path !== path && !folder.path.startsWith(`${path}/`)) continue;
      this.#folders.delete(key);
      this.#entries -= folder.known.size;
      await folder.close();
    }
  }

  /** Too much is told once. */
  #isOver(moreFolders: number): boolean {
    const isOver = this.#folders.size + moreFolders > maxWatchedFolders || this.#entries >= maxWatchedEntries;
    if (isOver && !this.#isFull) {
      this.#isFull = true;
      const most = `${maxWatchedFolders} folders and ${maxWatchedEntries} files`;
      this.#options.onTrouble(`more than ${most} are not watched`);
    }
    return isOver;
  }

  #tell(folder: WatchedFolder, name: string, event: FileChange['event'], look: Look): void {
    if (this.#closed) return;
    const { sizeBytes, isDir } = look;
    this.#options.onChange({ path: `${folder.path}/${name}`, event, sizeBytes, isDir });
  }
}
