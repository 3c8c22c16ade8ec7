import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { readOrigin, writeOrigin } from './origin.ts';
import { type BytePath, readEntry, scanTree } from './scan-tree.ts';
import { type Reusable, TreeCopy } from './tree-copy.ts';

/**
 * Copies in a thread of its own, with calls that wait: a tree has tens of thousands of files, for which promises
 * cost far more than the work, and the server has other things to do meanwhile.
 */
export type CopyStep =
  /** `origin` of the live layer, which says what the checkpoint `since` has already. */
  | {
      readonly step: 'checkpoint';
      readonly source: string;
      readonly target: string;
      readonly since?: { readonly name: string; readonly folder: string; readonly origin: string };
    }
  /** The second pass of a checkpoint. */
  | { readonly step: 'refine'; readonly mapped: ReadonlySet<BytePath> }
  /** Notes that the live layer is equal to the checkpoint. */
  | { readonly step: 'note'; readonly origin: string; readonly checkpoint: string }
  /** `live` and its `origin` are of the layer that the copy is to replace. */
  | {
      readonly step: 'restore';
      /** Folder of all checkpoints, and the one to restore. */
      readonly checkpoints: string;
      readonly name: string;
      readonly target: string;
      readonly live: string;
      readonly origin: string;
    }
  /** Notes that a layer that nothing uses is equal to the checkpoint. */
  | {
      readonly step: 'describe';
      readonly layer: string;
      readonly origin: string;
      readonly checkpoint: string;
    };

export interface CopyReply {
  /** Room that the copy takes on disk, with what it shares. */
  readonly bytes?: number;
  readonly error?: { readonly message: string; readonly code?: string };
}

let current: { readonly copy: TreeCopy; readonly sinceNs: bigint } | undefined;
let mapped: ReadonlySet<BytePath> = new Set();

parentPort?.on('message', (step: CopyStep) => {
  try {
    parentPort?.postMessage(perform(step) satisfies CopyReply);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const reply: CopyReply = { error: { message, ...(code !== undefined && { code }) } };
    parentPort?.postMessage(reply);
  }
});

function perform(step: CopyStep): CopyReply {
  if (step.step === 'checkpoint') {
    const { source, target, since } = step;
    current = { copy: new TreeCopy(source, target), sinceNs: fileSystemTime(target) };
    const known = since && readOrigin(since.origin);
    const base = known?.checkpoint === since?.name ? known : undefined;
    current.copy.copy(since && base && sameIn(since.folder, base.files), { restless: true });
    return {};
  }
  if (step.step === 'refine') {
    const { copy, sinceNs } = started();
    mapped = step.mapped;
    copy.refine(sinceNs, mapped);
    return { bytes: bytesOf(copy) };
  }
  if (step.step === 'note') {
    const { copy, sinceNs } = started();
    const isKnown = (path: BytePath) =>
      !mapped.has(path) && (copy.tree.get(path)?.changedAtNs ?? sinceNs) < sinceNs;
    writeOrigin(step.origin, step.checkpoint, copy.tree, isKnown);
    return {};
  }
  if (step.step === 'restore') {
    const { checkpoints, name, target, live, origin } = step;
    const known = readOrigin(origin);
    const copy = new TreeCopy(join(checkpoints, name), target);
    const base = known && { ...known, folder: join(checkpoints, known.checkpoint) };
    // The old layer is about to be removed, so that its files may as well be those of the new one.
    copy.copy(base && unchangedIn(live, base, base.checkpoint === name), { restless: false });
    return { bytes: bytesOf(copy) };
  }
  writeOrigin(step.origin, step.checkpoint, scanTree(step.layer));
  return {};
}

function started(): NonNullable<typeof current> {
  if (current === undefined) throw new Error('no copy is under way');
  return current;
}

/** Files of the checkpoint that the source still has as they were. */
function sameIn(folder: string, files: ReadonlyMap<BytePath, string>): Reusable {
  return { folder, has: (path, entry) => files.get(path) === entry.state };
}

/**
 * Files of the live layer that still are as the checkpoint has them that it was last equal to, and that the one to
 * restore shares with that.
 */
function unchangedIn(
  live: string,
  base: { readonly folder: string; readonly files: ReadonlyMap<BytePath, string> },
  isSame: boolean,
): Reusable {
  return {
    folder: live,
    has: (path, { inode }) => {
      const state = base.files.get(path);
      if (state === undefined || readEntry(live, path)?.state !== state) return false;
      return isSame || readEntry(base.folder, path)?.inode === inode;
    },
  };
}

/** Now, by the clock that the file system stamps files with. */
function fileSystemTime(target: string): bigint {
  const marker = `${target}.marker`;
  writeFileSync(marker, '');
  const time = readEntry(marker, '')?.changedAtNs;
  rmSync(marker);
  if (time === undefined) throw new Error('the file system has no time');
  return time;
}

function bytesOf({ tree }: TreeCopy): number {
  const byInode = new Map([...tree.values()].map(({ inode, bytes }) => [inode, Number(bytes)]));
  return byInode.values().reduce((total, bytes) => total + bytes, 0);
}
