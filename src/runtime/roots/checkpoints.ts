import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../lib/command.ts';
import { randomId } from '../../lib/ids.ts';
import type { CheckpointOptions } from '../runtime.ts';
import { rootLimits } from './limits.ts';
import { removeTree } from './remove-tree.ts';
import type { RootFolder, WritableLayer } from './root-folder.ts';
import { TreeCopier } from './tree-copier.ts';

export interface RootCheckpointOptions extends CheckpointOptions {
  /** Paths in the root of files that running programs may change without a trace, since they have them mapped. */
  readonly mappedFiles?: () => Promise<ReadonlySet<string>>;
}

/** Copies the live layer while programs write to it; nothing is to be seen of it before it is complete. */
export async function createCheckpoint(
  root: RootFolder,
  layer: WritableLayer,
  name: string,
  options: RootCheckpointOptions,
): Promise<{ bytes: number }> {
  const { since, mappedFiles, signal } = options;
  const target = join(root.unfinished, randomId());
  const base = since && { name: since, folder: join(root.checkpoints, since), origin: layer.origin };
  try {
    await using copier = new TreeCopier(root.unfinished, signal);
    const mappedBefore = (await mappedFiles?.()) ?? [];
    await copier.perform({ step: 'checkpoint', source: layer.upper, target, ...(base && { since: base }) });
    const bytes = await whilePaused(options, async () => {
      const mapped = new Set([...mappedBefore, ...((await mappedFiles?.()) ?? [])]);
      return (await copier.perform({ step: 'refine', mapped })).bytes ?? 0;
    });
    await sync(target);
    signal.throwIfAborted();
    await rename(target, join(root.checkpoints, name));
    await copier.perform({ step: 'note', origin: layer.origin, checkpoint: name }).catch(() => {}); // only speeds up
    return { bytes };
  } catch (error) {
    for (const path of await unfinishedOf(root, target)) await removeTree(path);
    throw error;
  }
}

/** Prepares a new layer beside the live one and puts it in its place. No workload may use the root. */
export async function restoreCheckpoint(root: RootFolder, live: WritableLayer, name: string): Promise<void> {
  const layer = await root.newLayer();
  await using copier = new TreeCopier(layer.folder);
  try {
    const from = { checkpoints: root.checkpoints, name, live: live.upper, origin: live.origin };
    await copier.perform({ step: 'restore', ...from, target: layer.upper });
    await sync(layer.upper);
    await root.switchTo(layer);
  } catch (error) {
    await removeTree(layer.folder);
    throw error;
  }
  await removeTree(live.folder);
  await copier.perform({ step: 'describe', layer: layer.upper, origin: layer.origin, checkpoint: name });
}

async function whilePaused<T>({ pause, resume }: CheckpointOptions, task: () => Promise<T>): Promise<T> {
  try {
    await pause?.();
    return await task();
  } finally {
    await resume?.();
  }
}

/** What is seen after a power cut is complete, too. */
async function sync(path: string): Promise<void> {
  if (process.platform !== 'linux') return;
  await runCommand('sync', ['-f', path], { timeoutMs: rootLimits.syncTimeoutMs });
}

async function unfinishedOf(root: RootFolder, target: string): Promise<string[]> {
  const paths = (await readdir(root.unfinished)).map(name => join(root.unfinished, name));
  return paths.filter(path => path.startsWith(target));
}
