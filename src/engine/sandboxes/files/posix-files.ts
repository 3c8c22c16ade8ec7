import { constants, type Stats } from 'node:fs';
import {
  type FileHandle,
  lchown,
  lutimes,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rmdir,
  symlink,
  unlink,
} from 'node:fs/promises';
import { type Actor, access, require, requireOwner, requireRemoval } from './actor.ts';
import { FileError, told } from './file-error.ts';
import type { Folder } from './folder.ts';
import { atPlace, own, type Place } from './walk.ts';

export interface OpenMode {
  readonly read: boolean;
  readonly write: boolean;
  readonly append: boolean;
  readonly create: boolean;
  readonly truncate: boolean;
  readonly exclusive: boolean;
  /** Of a new file. */
  readonly permissions: number;
}

/** What is absent stays as it is. */
export interface FileChange {
  readonly mode?: number;
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly size?: number;
  /** Seconds since 1970. */
  readonly times?: { readonly accessed: number; readonly modified: number };
}

const permissionBits = 0o7777;

/**
 * The files of a running workload with the operations of a file system, as a program inside would have them: every
 * path is resolved inside its root, and permissions are those of the actor. All throw {@link FileError}.
 */
export class PosixFiles {
  readonly #rootPath: string;
  readonly #actor: Actor;

  /** @param rootPath host path of the root as the workload sees it */
  constructor(rootPath: string, actor: Actor) {
    this.#rootPath = rootPath;
    this.#actor = actor;
  }

  /** The file is the caller's to close. */
  open(path: string, mode: OpenMode): Promise<PosixFile> {
    return this.#at(path, { followLast: !mode.exclusive }, async ({ folder, name }) => {
      if (name === undefined) throw new FileError('EISDIR', path);
      const before = await folder.statOf(name).catch(() => undefined);
      if (before === undefined && mode.create) {
        require(this.#actor, await folder.stat(), access.write | access.search, path);
      }
      if (before !== undefined && !before.isFile()) {
        throw new FileError(before.isDirectory() ? 'EISDIR' : 'EINVAL', path);
      }
      if (before !== undefined) {
        const bits = (mode.read ? access.read : 0) | (mode.write ? access.write : 0);
        require(this.#actor, before, bits, path);
      }
      const file = await open(folder.at(name), flagsOf(mode), mode.permissions);
      try {
        if (!(await file.stat()).isFile()) throw new FileError('EINVAL', path);
        if (before === undefined) await own(file, this.#actor);
        return new PosixFile(file, path, this.#actor);
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  }

  /** In no order. */
  list(path: string): Promise<{ readonly name: string; readonly stats: Stats }[]> {
    return this.#at(path, { followLast: true }, async ({ folder, name }) => {
      const here = name === undefined ? folder : await folder.child(name);
      try {
        require(this.#actor, await here.stat(), access.read, path);
        const entries: { name: string; stats: Stats }[] = [];
        for (const each of await readdir(here.here)) {
          const stats = await here.statOf(each).catch(() => undefined); // gone meanwhile
          if (stats !== undefined) entries.push({ name: each, stats });
        }
        return entries;
      } finally {
        if (here !== folder) await here.close();
      }
    });
  }

  stat(path: string, { link: ofLink = false } = {}): Promise<Stats> {
    return this.#at(path, { followLast: !ofLink }, statsAt);
  }

  change(path: string, change: FileChange): Promise<void> {
    return this.#at(path, { followLast: true }, async place => {
      const { folder, name } = place;
      const stats = await statsAt(place);
      if (stats.isSymbolicLink()) throw new FileError('EINVAL', path);
      const at = name === undefined ? folder.here : folder.at(name);
      checkChange(this.#actor, stats, change, path);
      if (change.size !== undefined) {
        if (!stats.isFile()) throw new FileError('EINVAL', path);
        await cutTo(folder, name, change.size);
      }
      if (change.owner !== undefined) await lchown(at, change.owner.uid, change.owner.gid);
      if (change.mode !== undefined) await changeMode(folder, name, stats, change.mode & permissionBits);
      if (change.times !== undefined) await lutimes(at, change.times.accessed, change.times.modified);
    });
  }

  makeFolder(path: string, permissions: number): Promise<void> {
    return this.#at(path, { followLast: false }, async ({ folder, name }) => {
      if (name === undefined) throw new FileError('EEXIST', path);
      require(this.#actor, await folder.stat(), access.write | access.search, path);
      await told(path, mkdir(folder.at(name), permissions));
      const made = await folder.child(name);
      try {
        await made.chmod(permissions);
        await own(made, this.#actor);
      } finally {
        await made.close();
      }
    });
  }

  removeFolder(path: string): Promise<void> {
    return this.#at(path, { followLast: false }, async ({ folder, name }) => {
      if (name === undefined) throw new FileError('EPERM', path);
      await this.#mayRemove(folder, name, path);
      await rmdir(folder.at(name));
    });
  }

  removeFile(path: string): Promise<void> {
    return this.#at(path, { followLast: false }, async ({ folder, name }) => {
      if (name === undefined) throw new FileError('EISDIR', path);
      await this.#mayRemove(folder, name, path);
      await unlink(folder.at(name));
    });
  }

  /** @param replace what is at the target; else it is an error when there is something */
  rename(source: string, target: string, { replace }: { readonly replace: boolean }): Promise<void> {
    return this.#at(source, { followLast: false }, from =>
      this.#at(target, { followLast: false }, async to => {
        if (from.name === undefined || to.name === undefined) throw new FileError('EPERM', '/');
        await this.#mayRemove(from.folder, from.name, source);
        require(this.#actor, await to.folder.stat(), access.write | access.search, target);
        const there = await to.folder.statOf(to.name).catch(() => undefined);
        if (there !== undefined && !replace) throw new FileError('EEXIST', target);
        if (there !== undefined) await this.#mayRemove(to.folder, to.name, target);
        await told(target, rename(from.folder.at(from.name), to.folder.at(to.name)));
      }),
    );
  }

  readLink(path: string): Promise<string> {
    return this.#at(path, { followLast: false }, async ({ folder, name }) => {
      if (name === undefined) throw new FileError('EINVAL', path);
      return readlink(folder.at(name));
    });
  }

  /** @param target as it will stand in the link; it is not looked at */
  makeLink(path: string, target: string): Promise<void> {
    return this.#at(path, { followLast: false }, async ({ folder, name }) => {
      if (name === undefined) throw new FileError('EEXIST', path);
      if (target === '' || target.includes('\0')) throw new FileError('EINVAL', path);
      require(this.#actor, await folder.stat(), access.write | access.search, path);
      await symlink(target, folder.at(name));
      if (process.getuid?.() === 0) await lchown(folder.at(name), this.#actor.uid, this.#actor.gid);
    });
  }

  /** Without links; the last name may be missing. */
  realPath(path: string): Promise<string> {
    return this.#at(path, { followLast: true }, async ({ path: real }) => real);
  }

  #at<Result>(
    path: string,
    options: { readonly followLast: boolean },
    task: (place: Place) => Promise<Result>,
  ): Promise<Result> {
    return atPlace(this.#rootPath, path, { ...options, actor: this.#actor }, task);
  }

  async #mayRemove(folder: Folder, name: string, path: string): Promise<void> {
    const [above, stats] = [await folder.stat(), await told(path, folder.statOf(name))];
    require(this.#actor, above, access.write | access.search, path);
    requireRemoval(this.#actor, above, stats, path);
  }
}

/** An open file, read and written at any position. */
export class PosixFile {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #actor: Actor;

  constructor(file: FileHandle, path: string, actor: Actor) {
    this.#file = file;
    this.#path = path;
    this.#actor = actor;
  }

  /** @returns how many bytes there were; 0 at the end */
  async read(into: Buffer, position: number): Promise<number> {
    const { bytesRead } = await told(this.#path, this.#file.read(into, 0, into.length, position));
    return bytesRead;
  }

  async write(bytes: Buffer, position: number): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const left = bytes.length - written;
      const write = this.#file.write(bytes, written, left, position + written);
      written += (await told(this.#path, write)).bytesWritten;
    }
  }

  stat(): Promise<Stats> {
    return told(this.#path, this.#file.stat());
  }

  async change(change: FileChange): Promise<void> {
    checkChange(this.#actor, await this.stat(), change, this.#path);
    const { size, owner, mode, times } = change;
    await told(
      this.#path,
      (async () => {
        if (size !== undefined) await this.#file.truncate(size);
        if (owner !== undefined) await this.#file.chown(owner.uid, owner.gid);
        if (mode !== undefined) await this.#file.chmod(mode & permissionBits);
        if (times !== undefined) await this.#file.utimes(times.accessed, times.modified);
      })(),
    );
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

async function statsAt({ folder, name }: Place): Promise<Stats> {
  return name === undefined ? folder.stat() : folder.statOf(name);
}

/** A mode is changed through an open file or folder, so that no link can come in between. */
async function changeMode(
  folder: Folder,
  name: string | undefined,
  stats: Stats,
  mode: number,
): Promise<void> {
  if (name === undefined) return folder.chmod(mode);
  if (!stats.isFile() && !stats.isDirectory()) return;
  const file = await open(folder.at(name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    await file.chmod(mode);
  } finally {
    await file.close();
  }
}

async function cutTo(folder: Folder, name: string | undefined, size: number): Promise<void> {
  if (name === undefined) return;
  const file = await open(folder.at(name), constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  await file.truncate(size).finally(() => file.close());
}

function checkChange(actor: Actor, stats: Stats, change: FileChange, path: string): void {
  if (change.mode !== undefined || change.times !== undefined) requireOwner(actor, stats, path);
  if (change.size !== undefined) require(actor, stats, access.write, path);
  const { owner } = change;
  const isGiven = owner !== undefined && (owner.uid !== stats.uid || owner.gid !== stats.gid);
  if (isGiven && actor.uid !== 0) throw new FileError('EPERM', path);
}

/** Non-blocking, since a pipe without a reader would be waited for; the last name is never a link any more. */
function flagsOf(mode: OpenMode): number {
  const { O_RDWR, O_WRONLY, O_RDONLY, O_APPEND, O_CREAT, O_TRUNC, O_EXCL } = constants;
  let flags = constants.O_NOFOLLOW | constants.O_NONBLOCK;
  if (mode.write) flags |= mode.read ? O_RDWR : O_WRONLY;
  else flags |= O_RDONLY;
  if (mode.append) flags |= O_APPEND;
  if (mode.create) flags |= O_CREAT;
  if (mode.truncate) flags |= O_TRUNC;
  if (mode.exclusive) flags |= O_EXCL;
  return flags;
}
