import type { Stats } from 'node:fs';

/**
 * `create` it has appeared; `write` its content changed, or another took its place; `chmod` its mode or owner
 * changed; `rename` it has another name in a watched folder now, which is told as `create`; `remove` it is gone.
 */
export type FileEvent = 'write' | 'create' | 'remove' | 'rename' | 'chmod';

export interface FileChange {
  /** As the sandbox sees it. */
  readonly path: string;
  readonly event: FileEvent;
  /** 0 when it is gone. */
  readonly sizeBytes: number;
  readonly isDir: boolean;
}

/** What is remembered of a file, so that the next look tells what has changed. */
export interface Look {
  readonly inode: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly mode: number;
  readonly owner: string;
  readonly isDir: boolean;
}

export function lookOf(stats: Stats): Look {
  return {
    inode: `${stats.dev}:${stats.ino}`,
    sizeBytes: stats.size,
    modifiedMs: stats.mtimeMs,
    mode: stats.mode,
    owner: `${stats.uid}:${stats.gid}`,
    isDir: stats.isDirectory(),
  };
}

/** How two looks at one name differ; undefined when they do not. What is in a folder is told by its own name. */
export function difference(before: Look, now: Look): FileEvent | undefined {
  if (before.isDir !== now.isDir) return 'create';
  if (before.isDir && before.inode !== now.inode) return 'create';
  const sameContent = before.sizeBytes === now.sizeBytes && before.modifiedMs === now.modifiedMs;
  if (!now.isDir && (before.inode !== now.inode || !sameContent)) return 'write';
  return before.mode !== now.mode || before.owner !== now.owner ? 'chmod' : undefined;
}
