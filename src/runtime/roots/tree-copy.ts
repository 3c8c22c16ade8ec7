import { linkSync, mkdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { copyFiles, copyFolderAttributes, copyTree } from './copy-commands.ts';
import {
  type BytePath,
  inTree,
  namesIn,
  readEntry,
  scanTree,
  type Tree,
  type TreeEntry,
} from './scan-tree.ts';

/** Files that need not be copied, since the same are in another tree already: they become links to those. */
export interface Reusable {
  readonly folder: string;
  has(path: BytePath, entry: TreeEntry): boolean;
}

/**
 * A copy of a folder, made in one or two passes: the second, while nothing changes in the source, takes up what
 * has changed since the first. `target` must not exist; names that begin with its own belong to the copy, too.
 */
export class TreeCopy {
  readonly #source: string;
  readonly #target: string;
  #tree: Tree = new Map();

  constructor(source: string, target: string) {
    this.#source = source;
    this.#target = target;
  }

  /** The source as the last pass has copied it. */
  get tree(): Tree {
    return this.#tree;
  }

  /** The only pass, or the first: then folders have their attributes only after the second. */
  copy(reusable: Reusable | undefined, options: { readonly restless: boolean }): void {
    this.#tree = scanTree(this.#source);
    mkdirSync(this.#target, { mode: 0o700 });
    if (reusable === undefined) {
      copyTree(this.#source, this.#target, options);
      return;
    }
    const { folders, files } = split(this.#tree);
    for (const path of folders) if (path !== '') mkdirSync(this.#at(path), { mode: 0o700 });
    const left = new Set(files.filter(path => !this.#reuse(path, reusable)));
    this.#copyFiles(files, left, options);
    if (!options.restless) copyFolderAttributes(this.#source, this.#target, folders);
  }

  /**
   * The second pass.
   * @param sinceNs what has changed from then on is copied again, whether it looks changed or not
   * @param mapped files that programs may change without a trace
   */
  refine(sinceNs: bigint, mapped: ReadonlySet<BytePath>): void {
    const before = this.#tree;
    this.#tree = scanTree(this.#source);
    const { folders, files } = split(this.#tree);
    const isSettled = (path: BytePath): boolean => {
      const entry = this.#tree.get(path);
      if (entry === undefined || entry.state !== before.get(path)?.state) return false;
      return entry.changedAtNs < sinceNs && !mapped.has(path);
    };
    const present = new Set<BytePath>();
    for (const path of folders) {
      if (before.get(path)?.kind !== 'folder' || readEntry(this.#target, path)?.kind !== 'folder')
        this.#renew(path);
      else if (!isSettled(path)) this.#freshen(path);
      for (const name of namesIn(this.#target, path)) {
        const child = path === '' ? name : `${path}/${name}`;
        if (this.#tree.has(child)) present.add(child);
        else this.#remove(child);
      }
    }
    const changed = new Set(files.filter(path => !present.has(path) || !isSettled(path)));
    for (const path of changed) this.#remove(path);
    this.#copyFiles(files, changed, { restless: false });
    copyFolderAttributes(this.#source, this.#target, folders);
  }

  /** Hard links are links in the copy, too: among each other, and to files that are there already. */
  #copyFiles(
    all: readonly BytePath[],
    missing: ReadonlySet<BytePath>,
    options: { readonly restless: boolean },
  ): void {
    const firsts = new Map<bigint, BytePath>();
    for (const path of all) {
      const entry = this.#tree.get(path);
      if (entry !== undefined && entry.links > 1n && !missing.has(path)) firsts.set(entry.inode, path);
    }
    const links: (readonly [existing: BytePath, path: BytePath])[] = [];
    const copied = [...missing].filter(path => {
      const entry = this.#tree.get(path);
      if (entry === undefined || entry.links === 1n) return true;
      const first = firsts.get(entry.inode);
      if (first === undefined) firsts.set(entry.inode, path);
      else links.push([first, path]);
      return first === undefined;
    });
    copyFiles(this.#source, this.#target, copied, options);
    for (const [existing, path] of links) {
      const linked = tryLink(this.#at(existing), this.#at(path));
      if (!linked && !options.restless) throw new Error('a hard link could not be copied');
    }
  }

  #reuse(path: BytePath, { folder, has }: Reusable): boolean {
    const entry = this.#tree.get(path);
    return entry !== undefined && has(path, entry) && tryLink(inTree(folder, path), this.#at(path));
  }

  /** Makes a folder where something else, or nothing, was. */
  #renew(path: BytePath): void {
    this.#remove(path);
    mkdirSync(this.#at(path), { mode: 0o700 });
  }

  /** Makes a folder anew around what it holds: so it has no attribute that it has lost in the source. */
  #freshen(path: BytePath): void {
    const old = Buffer.from(`${this.#target}.old`);
    renameSync(this.#at(path), old);
    mkdirSync(this.#at(path), { mode: 0o700 });
    for (const name of namesIn(`${this.#target}.old`, '')) {
      renameSync(inTree(`${this.#target}.old`, name), this.#at(path === '' ? name : `${path}/${name}`));
    }
    rmdirSync(old);
  }

  #remove(path: BytePath): void {
    removeAny(this.#target, path);
  }

  #at(path: BytePath): Buffer {
    return inTree(this.#target, path);
  }
}

function split(tree: Tree): { folders: BytePath[]; files: BytePath[] } {
  const [folders, files]: [BytePath[], BytePath[]] = [[], []];
  for (const [path, { kind }] of tree) (kind === 'folder' ? folders : files).push(path);
  return { folders, files };
}

/** Node's own removal of whole trees takes names for text. */
function removeAny(folder: string, path: BytePath): void {
  const found = readEntry(folder, path);
  if (found === undefined) return;
  if (found.kind !== 'folder') {
    unlinkSync(inTree(folder, path));
    return;
  }
  for (const name of namesIn(folder, path)) removeAny(folder, `${path}/${name}`);
  rmdirSync(inTree(folder, path));
}

/** @returns false where there is nothing to link to, or it has as many links as it can */
function tryLink(existing: Buffer, path: Buffer): boolean {
  try {
    linkSync(existing, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EMLINK' || code === 'EPERM' || code === 'EEXIST') return false;
    throw error;
  }
}
