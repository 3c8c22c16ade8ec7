import { constants, type Stats } from 'node:fs';
import { lchown, open, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { type Actor, access, require, requireOwner, requireRemoval } from './actor.ts';
import { type CopyOptions, copyFile, copyFolder } from './copy.ts';
import { entryOf, type FileEntry, isMatch } from './file-entry.ts';
import { FileError, told } from './file-error.ts';
import type { Folder } from './folder.ts';
import { temporaryName } from './temporary-name.ts';
import { atPlace, own, type Place, type WalkOptions } from './walk.ts';

export interface OpenFile {
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  /** @param start first byte, @param end last byte */
  content(range?: { readonly start: number; readonly end: number }): Readable;
  close(): Promise<void>;
}

/** How many files one request may list or change. */
const maxEntries = 200_000;

/**
 * The files of a running sandbox, from outside: every path is resolved inside its root, whatever programs do
 * meanwhile, and permissions are those of the actor. Paths are absolute, as the sandbox sees them.
 */
export class SandboxFiles {
  readonly #rootPath: string;
  readonly #actor: Actor;

  /** @param rootPath host path of the root as the sandbox sees it */
  constructor(rootPath: string, actor: Actor) {
    this.#rootPath = rootPath;
    this.#actor = actor;
  }

  /** The file is the caller's to close. @throws {FileError} */
  openFile(path: string): Promise<OpenFile> {
    return this.#at(path, { followLast: true }, async place => {
      const { folder, name } = place;
      if (name === undefined) throw new FileError('EISDIR', path);
      // Non-blocking: a pipe without a writer would be waited for.
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      await this.#mayReadFile(folder, name, path);
      const file = await open(folder.at(name), flags);
      try {
        const stats = await file.stat();
        if (stats.isDirectory()) throw new FileError('EISDIR', path);
        if (!stats.isFile()) throw new FileError('EINVAL', path);
        require(this.#actor, stats, access.read, path);
        return {
          sizeBytes: stats.size,
          modifiedAt: stats.mtime,
          content: range => file.createReadStream({ ...range, autoClose: false }),
          close: () => file.close(),
        };
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  }

  /**
   * Writes a file as a whole: it appears, or replaces the one before, when all of it is there.
   * @throws {FileError}
   */
  write(
    path: string,
    content: AsyncIterable<Uint8Array>,
    { mode, makeParents = false }: { readonly mode: number; readonly makeParents?: boolean },
  ): Promise<{ readonly size: number }> {
    return this.#at(path, { followLast: true, makeParents }, async ({ folder, name }) => {
      if (name === undefined) throw new FileError('EISDIR', path);
      require(this.#actor, await folder.stat(), access.write | access.search, path);
      const before = await folder.statOf(name).catch(() => undefined);
      if (before?.isDirectory()) throw new FileError('EISDIR', path);
      if (before !== undefined) require(this.#actor, before, access.write, path);
      const temporary = temporaryName();
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
      const file = await open(folder.at(temporary), flags, 0o600);
      try {
        let size = 0;
        try {
          for await (const chunk of content) {
            await file.writeFile(chunk);
            size += chunk.length;
          }
          await file.chmod(mode);
          await own(file, this.#actor);
        } finally {
          await file.close();
        }
        await rename(folder.at(temporary), folder.at(name));
        return { size };
      } catch (error) {
        await rm(folder.at(temporary), { force: true });
        throw error;
      }
    });
  }

  /** Of a folder what is in it, of anything else itself. By name. @throws {FileError} */
  list(
    path: string,
    { recursive = false, pattern }: { readonly recursive?: boolean; readonly pattern?: string },
  ): Promise<FileEntry[]> {
    return this.#at(path, { followLast: true }, async place => {
      const found: FileEntry[] = [];
      const folder = await folderAt(place);
      if (folder === undefined) {
        const { name = '' } = place;
        return [await entryOf(place.folder, name, trimmed(path))];
      }
      try {
        require(this.#actor, await folder.stat(), access.read, path);
        await this.#collect(folder, trimmed(path), recursive, entry => {
          if (pattern === undefined || isMatch(entry.name, pattern)) found.push(entry);
        });
      } finally {
        if (folder !== place.folder) await folder.close();
      }
      return found;
    });
  }

  /** @returns what is gone, folders after what was in them @throws {FileError} */
  delete(path: string, { recursive = false }: { readonly recursive?: boolean }): Promise<string[]> {
    return this.#at(path, { followLast: false }, async ({ folder, name }) => {
      if (name === undefined) throw new FileError('EPERM', '/');
      await this.#mayRemove(folder, name, path);
      const deleted: string[] = [];
      await this.#remove(folder, name, trimmed(path), recursive, deleted);
      return deleted;
    });
  }

  /** @throws {FileError} */
  rename(source: string, target: string): Promise<void> {
    return this.#at(source, { followLast: false }, from =>
      this.#at(target, { followLast: false }, async to => {
        if (from.name === undefined || to.name === undefined) throw new FileError('EPERM', '/');
        await this.#mayRemove(from.folder, from.name, source);
        require(this.#actor, await to.folder.stat(), access.write | access.search, target);
        if ((await to.folder.statOf(to.name).catch(() => undefined)) !== undefined) {
          await this.#mayRemove(to.folder, to.name, target);
        }
        await told(target, rename(from.folder.at(from.name), to.folder.at(to.name)));
      }),
    );
  }

  /** @throws {FileError} */
  chmod(path: string, mode: number, recursive = false): Promise<string[]> {
    return this.#change(path, recursive, async (folder, name, stats, at) => {
      requireOwner(this.#actor, stats, at);
      if (stats.isSymbolicLink()) return;
      await withFile(folder, name, stats, file => file.chmod(mode));
    });
  }

  /** @param owner what is absent stays @throws {FileError} */
  chown(
    path: string,
    owner: { readonly uid?: number; readonly gid?: number },
    recursive = false,
  ): Promise<string[]> {
    return this.#change(path, recursive, async (folder, name, stats, at) => {
      const { uid = stats.uid, gid = stats.gid } = owner;
      const isChange = uid !== stats.uid || gid !== stats.gid;
      if (this.#actor.uid !== 0 && isChange) throw new FileError('EPERM', at);
      await lchown(name === undefined ? folder.here : folder.at(name), uid, gid);
    });
  }

  /** @returns what was copied, and its size @throws {FileError} */
  copy(
    source: string,
    target: string,
    { recursive = false, keepAttributes = false },
  ): Promise<{ readonly copied: { source: string; dest: string }[]; readonly totalBytes: number }> {
    return this.#at(source, { followLast: true }, async from => {
      if (from.name === undefined) throw new FileError('EINVAL', source);
      const { folder, name } = from;
      return this.#at(target, { followLast: true }, async to => {
        const inside = await folderAt(to);
        const into = inside ?? to.folder;
        const targetName = inside === undefined ? (to.name ?? '') : name;
        const totals = { copied: [] as { source: string; dest: string }[], totalBytes: 0 };
        try {
          const dest = inside === undefined ? trimmed(target) : `${trimmed(target)}/${name}`;
          if (`${dest}/`.startsWith(`${from.path}/`)) throw new FileError('EINVAL', target);
          const copy = { recursive, keepAttributes, totals };
          await this.#copy(folder, name, trimmed(source), into, targetName, dest, copy);
        } finally {
          if (inside !== undefined && inside !== to.folder) await inside.close();
        }
        return totals;
      });
    });
  }

  // --- Steps --------------------------------------------------------------------------------------------------

  #at<Result>(
    path: string,
    options: Omit<WalkOptions, 'actor'>,
    task: (place: Place) => Promise<Result>,
  ): Promise<Result> {
    return atPlace(this.#rootPath, path, { ...options, actor: this.#actor }, task);
  }

  async #collect(
    folder: Folder,
    path: string,
    recursive: boolean,
    take: (entry: FileEntry) => void,
    budget = { left: maxEntries },
  ): Promise<void> {
    for (const name of (await readdir(folder.here)).sort()) {
      if (budget.left-- <= 0) throw new FileError('EINVAL', path);
      const entry = await entryOf(folder, name, `${path}/${name}`).catch(error => {
        if (error.code === 'ENOENT') return undefined; // gone meanwhile
        throw error;
      });
      if (entry === undefined) continue;
      take(entry);
      if (!recursive || !entry.isDir) continue;
      const inner = await folder.child(name);
      try {
        require(this.#actor, await inner.stat(), access.read | access.search, entry.path);
        await this.#collect(inner, entry.path, recursive, take, budget);
      } finally {
        await inner.close();
      }
    }
  }

  async #mayReadFile(folder: Folder, name: string, path: string): Promise<void> {
    const stats = await told(path, folder.statOf(name));
    if (stats.isFile()) require(this.#actor, stats, access.read, path);
  }

  async #mayRemove(folder: Folder, name: string, path: string): Promise<void> {
    const [above, stats] = [await folder.stat(), await told(path, folder.statOf(name))];
    require(this.#actor, above, access.write | access.search, path);
    requireRemoval(this.#actor, above, stats, path);
  }

  async #remove(
    folder: Folder,
    name: string,
    path: string,
    recursive: boolean,
    deleted: string[],
  ): Promise<void> {
    if (!(await folder.statOf(name)).isDirectory()) {
      await told(path, unlink(folder.at(name)));
    } else {
      if (recursive) {
        const inner = await folder.child(name);
        try {
          const names = await readdir(inner.here);
          if (names.length > 0) require(this.#actor, await inner.stat(), access.write | access.search, path);
          for (const each of names) await this.#remove(inner, each, `${path}/${each}`, true, deleted);
        } finally {
          await inner.close();
        }
      }
      await told(path, rmdir(folder.at(name)));
    }
    deleted.push(path);
  }

  async #change(
    path: string,
    recursive: boolean,
    change: (folder: Folder, name: string | undefined, stats: Stats, path: string) => Promise<void>,
  ): Promise<string[]> {
    return this.#at(path, { followLast: true }, async place => {
      const changed: string[] = [];
      const visit = async (folder: Folder, name: string | undefined, at: string): Promise<void> => {
        const stats = name === undefined ? await folder.stat() : await told(at, folder.statOf(name));
        await told(at, change(folder, name, stats, at));
        changed.push(at === '' ? '/' : at);
        if (!recursive || !stats.isDirectory()) return;
        const inner = name === undefined ? folder : await folder.child(name);
        try {
          for (const each of (await readdir(inner.here)).sort()) await visit(inner, each, `${at}/${each}`);
        } finally {
          if (inner !== folder) await inner.close();
        }
      };
      await visit(place.folder, place.name, trimmed(path));
      return changed;
    });
  }

  async #copy(
    from: Folder,
    name: string,
    source: string,
    into: Folder,
    targetName: string,
    dest: string,
    options: CopyOptions,
  ): Promise<void> {
    const stats = await told(source, from.statOf(name));
    if (stats.isDirectory()) {
      if (!options.recursive) throw new FileError('EISDIR', source);
      await copyFolder(this.#actor, from, name, into, targetName, stats, options, (inner, each, made) =>
        this.#copy(inner, each, `${source}/${each}`, made, each, `${dest}/${each}`, options),
      );
    } else {
      require(this.#actor, await into.stat(), access.write | access.search, dest);
      options.totals.totalBytes += await copyFile(this.#actor, from, name, into, targetName, stats, options);
    }
    options.totals.copied.push({ source, dest });
  }
}

/** The folder that a place is; undefined when it is none. Not the place's own is the caller's to close. */
async function folderAt({ folder, name }: Place): Promise<Folder | undefined> {
  if (name === undefined) return folder;
  return folder.child(name).catch(error => {
    if (error.code === 'ENOTDIR' || error.code === 'ELOOP') return undefined;
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

async function withFile(
  folder: Folder,
  name: string | undefined,
  stats: Stats,
  task: (file: { chmod(mode: number): Promise<void> }) => Promise<void>,
): Promise<void> {
  if (name === undefined) return task(folder);
  if (!stats.isFile() && !stats.isDirectory()) return;
  const file = await open(folder.at(name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    await task(file);
  } finally {
    await file.close();
  }
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, '');
}
