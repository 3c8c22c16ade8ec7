import { constants, type Stats } from 'node:fs';
import { lchown, lutimes, mkdir, open, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { type Actor, access, require } from './actor.ts';
import { FileError } from './file-error.ts';
import type { Folder } from './folder.ts';
import { temporaryName } from './temporary-name.ts';
import { own } from './walk.ts';

export interface CopyOptions {
  readonly recursive: boolean;
  /** Owner, mode and times are those of the source. */
  readonly keepAttributes: boolean;
  readonly totals: { copied: { source: string; dest: string }[]; totalBytes: number };
}

const permissionBits = 0o777;

/** Copies a folder, with `copyEach` for what is in it; one that is there is filled. */
export async function copyFolder(
  actor: Actor,
  from: Folder,
  name: string,
  into: Folder,
  targetName: string,
  stats: Stats,
  { keepAttributes }: CopyOptions,
  copyEach: (from: Folder, name: string, into: Folder) => Promise<void>,
): Promise<void> {
  const inner = await from.child(name);
  try {
    require(actor, stats, access.read | access.search, inner.path);
    require(actor, await into.stat(), access.write | access.search, `${into.path}/${targetName}`);
    const isNew = await mkdir(into.at(targetName)).then(
      () => true,
      error => {
        if (error.code === 'EEXIST') return false;
        throw error;
      },
    );
    const made = await into.child(targetName);
    try {
      if (isNew) await own(made, actor);
      for (const each of (await readdir(inner.here)).sort()) await copyEach(inner, each, made);
      if (isNew) await made.chmod(stats.mode & permissionBits);
      if (isNew && keepAttributes && actor.uid === 0) await made.chown(stats.uid, stats.gid);
    } finally {
      await made.close();
    }
  } finally {
    await inner.close();
  }
}

/** Copies a file or a link; it appears as a whole. @returns bytes */
export async function copyFile(
  actor: Actor,
  from: Folder,
  name: string,
  into: Folder,
  targetName: string,
  stats: Stats,
  { keepAttributes }: CopyOptions,
): Promise<number> {
  const temporary = temporaryName();
  const owner = keepAttributes && actor.uid === 0 ? stats : actor;
  try {
    if (stats.isSymbolicLink()) {
      await symlink(await readlink(from.at(name)), into.at(temporary));
      if (process.getuid?.() === 0) await lchown(into.at(temporary), owner.uid, owner.gid);
    } else if (stats.isFile()) {
      require(actor, stats, access.read, `${from.path}/${name}`);
      await copyContent(from.at(name), into.at(temporary), stats.mode & permissionBits, owner);
    } else {
      throw new FileError('EINVAL', `${from.path}/${name}`);
    }
    if (keepAttributes) await lutimes(into.at(temporary), stats.atime, stats.mtime);
    await rename(into.at(temporary), into.at(targetName));
  } catch (error) {
    await rm(into.at(temporary), { force: true });
    throw error;
  }
  return stats.isFile() ? stats.size : 0;
}

async function copyContent(source: string, target: string, mode: number, owner: Actor): Promise<void> {
  const input = await open(source, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const output = await open(target, flags, 0o600);
    try {
      for await (const chunk of input.createReadStream({ autoClose: false })) {
        await output.writeFile(chunk as Buffer);
      }
      await output.chmod(mode);
      await own(output, owner);
    } finally {
      await output.close();
    }
  } finally {
    await input.close();
  }
}
