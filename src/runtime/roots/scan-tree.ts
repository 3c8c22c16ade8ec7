import { lstatSync, readdirSync } from 'node:fs';

/** Paths in a tree, relative, each byte a character: names need not be text. The tree itself is the empty one. */
export type BytePath = string;

export interface TreeEntry {
  readonly kind: 'folder' | 'file' | 'other';
  /** Another one says that something of it has changed: content, attributes, or that it is another file. */
  readonly state: string;
  readonly inode: bigint;
  readonly links: bigint;
  readonly changedAtNs: bigint;
  /** Room on disk. */
  readonly bytes: bigint;
}

/** Parents come before what they hold. */
export type Tree = ReadonlyMap<BytePath, TreeEntry>;

/** Reads what is in a folder. What disappears meanwhile is left out. */
export function scanTree(folder: string): Tree {
  const tree = new Map<BytePath, TreeEntry>();
  const ahead: BytePath[] = [''];
  for (let path = ahead.pop(); path !== undefined; path = ahead.pop()) {
    const entry = readEntry(folder, path);
    if (entry === undefined) continue;
    tree.set(path, entry);
    if (entry.kind !== 'folder') continue;
    for (const name of namesIn(folder, path)) ahead.push(path === '' ? name : `${path}/${name}`);
  }
  return tree;
}

export function readEntry(folder: string, path: BytePath): TreeEntry | undefined {
  const found = ifThere(() => lstatSync(inTree(folder, path), { bigint: true }));
  if (found === undefined) return undefined;
  return {
    kind: found.isDirectory() ? 'folder' : found.isFile() ? 'file' : 'other',
    state: `${found.ino} ${found.ctimeNs} ${found.size} ${found.mode}`,
    inode: found.ino,
    links: found.nlink,
    changedAtNs: found.ctimeNs,
    bytes: found.blocks * 512n,
  };
}

/** None where there is no folder. */
export function namesIn(folder: string, path: BytePath): string[] {
  const names = ifThere(() => readdirSync(inTree(folder, path), 'buffer')) ?? [];
  return names.map(name => name.toString('latin1'));
}

function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

export function inTree(folder: string, path: BytePath): Buffer {
  return Buffer.concat([Buffer.from(path === '' ? folder : `${folder}/`), Buffer.from(path, 'latin1')]);
}
