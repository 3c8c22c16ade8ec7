import { mkdir, readlink } from 'node:fs/promises';
import { type Actor, access, require } from './actor.ts';
import { asFileError, FileError } from './file-error.ts';
import { Folder } from './folder.ts';

/** As the kernel has it (path_resolution(7)). */
const maxLinks = 40;
const maxPathBytes = 4_096;
const newFolderMode = 0o755;

export interface WalkOptions {
  readonly actor: Actor;
  /** A link at the end is followed. */
  readonly followLast: boolean;
  /** Folders on the way are made where they are missing. */
  readonly makeParents?: boolean;
}

/** Where a path leads: a name in an open folder, which may be missing; or the root itself. */
export interface Place {
  readonly folder: Folder;
  /** Undefined for the root. */
  readonly name: string | undefined;
  /** Without links, as the sandbox sees it. */
  readonly path: string;
}

/**
 * Finds the place of a path as a process would whose root the folder is: links and `..` never lead out of it,
 * whatever programs change meanwhile, since each step begins at an open folder. The place is open during `task`.
 * @param path absolute
 * @throws {FileError}
 */
export async function atPlace<Result>(
  rootPath: string,
  path: string,
  options: WalkOptions,
  task: (place: Place) => Promise<Result>,
): Promise<Result> {
  if (path.includes('\0') || Buffer.byteLength(path) > maxPathBytes)
    throw new FileError('EINVAL', path.slice(0, 200));
  const walk = new Walk(path, options);
  try {
    return await task(await walk.run(rootPath));
  } catch (error) {
    throw asFileError(error, path);
  } finally {
    await walk.close();
  }
}

class Walk {
  readonly #path: string;
  readonly #options: WalkOptions;
  /** The root, and the folders down to where the walk is. */
  readonly #folders: Folder[] = [];
  #links = 0;

  constructor(path: string, options: WalkOptions) {
    this.#path = path;
    this.#options = options;
  }

  async run(rootPath: string): Promise<Place> {
    this.#folders.push(await Folder.openRoot(rootPath));
    const names = split(this.#path);
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      if (name === '..') {
        await this.#up();
        continue;
      }
      const last = names.length === 0;
      await this.#mayEnter();
      const step = await this.#enter(name, last);
      if (step.kind === 'place') return this.#place(name);
      if (step.kind === 'link') {
        names.unshift(...split(step.target));
        if (step.target.startsWith('/')) await this.#toRoot();
      }
    }
    // It ended at a folder: told by its name, so that it can be removed or renamed.
    const here = this.#here;
    const name = here.path.slice(here.path.lastIndexOf('/') + 1);
    if (this.#folders.length === 1) return { folder: here, name: undefined, path: '/' };
    await this.#up();
    return this.#place(name);
  }

  async close(): Promise<void> {
    for (const folder of this.#folders.splice(0)) await folder.close();
  }

  get #here(): Folder {
    const folder = this.#folders.at(-1);
    if (folder === undefined) throw new Error('the walk has no folder');
    return folder;
  }

  #place(name: string): Place {
    const folder = this.#here;
    return { folder, name, path: `${folder.path}/${name}` };
  }

  async #enter(name: string, last: boolean): Promise<Step> {
    try {
      this.#folders.push(await this.#here.child(name));
      return { kind: 'entered' };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return this.#missing(name, last);
      if (code !== 'ENOTDIR' && code !== 'ELOOP') throw error;
      return this.#noFolder(name, last);
    }
  }

  async #missing(name: string, last: boolean): Promise<Step> {
    if (last) return { kind: 'place' };
    if (!this.#options.makeParents) throw new FileError('ENOENT', this.#path);
    await makeFolder(this.#here, name, this.#options.actor);
    this.#folders.push(await this.#here.child(name));
    return { kind: 'entered' };
  }

  async #noFolder(name: string, last: boolean): Promise<Step> {
    if (last && !this.#options.followLast) return { kind: 'place' };
    const target = await readlink(this.#here.at(name)).catch(error => {
      if ((error as NodeJS.ErrnoException).code === 'EINVAL') return undefined; // no link
      throw error;
    });
    if (target === undefined) {
      if (last) return { kind: 'place' };
      throw new FileError('ENOTDIR', this.#path);
    }
    if (++this.#links > maxLinks) throw new FileError('ELOOP', this.#path);
    return { kind: 'link', target };
  }

  /** The actor may look for names where the walk is. */
  async #mayEnter(): Promise<void> {
    const { actor } = this.#options;
    if (actor.uid !== 0) require(actor, await this.#here.stat(), access.search, this.#path);
  }

  async #up(): Promise<void> {
    if (this.#folders.length > 1) await this.#folders.pop()?.close();
  }

  async #toRoot(): Promise<void> {
    while (this.#folders.length > 1) await this.#up();
  }
}

type Step = { readonly kind: 'entered' | 'place' } | { readonly kind: 'link'; readonly target: string };

/** Makes a folder that belongs to the actor; one that is there is left as it is. */
export async function makeFolder(parent: Folder, name: string, actor: Actor): Promise<void> {
  const path = `${parent.path}/${name}`;
  require(actor, await parent.stat(), access.write | access.search, path);
  try {
    await mkdir(parent.at(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  const made = await parent.child(name);
  try {
    await made.chmod(newFolderMode);
    await own(made, actor);
  } finally {
    await made.close();
  }
}

/** The server may be no administrator (on a laptop): then everything belongs to it anyway. */
export async function own(
  file: { chown(uid: number, gid: number): Promise<void> },
  { uid, gid }: Actor,
): Promise<void> {
  if (process.getuid?.() === 0) await file.chown(uid, gid);
}

function split(path: string): string[] {
  return path.split('/').filter(name => name !== '' && name !== '.');
}
