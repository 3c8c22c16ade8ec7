import { type FSWatcher, watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { IgnoredPaths } from './ignored-paths.ts';

/** An editor writes a file in several steps, a checkout many files. */
const quietMs = 150;

/**
 * Tells when files of a project change. Each folder is watched by itself, so that the many of those that do not
 * matter cost nothing.
 */
export class Changes {
  readonly #root: string;
  readonly #ignored: IgnoredPaths;
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | undefined;
  #waiting: (() => void) | undefined;
  #changed = false;
  #closed = false;

  private constructor(root: string, ignored: IgnoredPaths) {
    this.#root = root;
    this.#ignored = ignored;
  }

  static async watch(root: string, ignored: IgnoredPaths): Promise<Changes> {
    const changes = new Changes(root, ignored);
    await changes.#add('');
    return changes;
  }

  /** Settles at the next change, or at once after one that nobody has waited for; also when the signal fires. */
  async next(signal: AbortSignal): Promise<void> {
    if (!this.#changed && !signal.aborted) {
      await new Promise<void>(resolve => {
        this.#waiting = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    this.#changed = false;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  async #add(folder: string): Promise<void> {
    if (this.#closed || this.#watchers.has(folder)) return;
    try {
      const watcher = watch(join(this.#root, folder), (_, name) => this.#seen(folder, name));
      // The folder is gone: the one above tells of that.
      watcher.on('error', () => this.#remove(folder));
      this.#watchers.set(folder, watcher);
      const entries = await readdir(join(this.#root, folder), { withFileTypes: true });
      for (const entry of entries) {
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
        if (entry.isDirectory() && !this.#ignored.has(path)) await this.#add(path);
      }
    } catch {
      this.#remove(folder);
    }
  }

  #remove(folder: string): void {
    for (const [path, watcher] of this.#watchers) {
      if (path !== folder && !path.startsWith(`${folder}/`)) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
  }

  #seen(folder: string, name: string | null): void {
    const path = folder === '' ? (name ?? '') : `${folder}/${name ?? ''}`;
    if (name !== null && this.#ignored.has(path)) return;
    // It may be a new folder, or a new one of an old name.
    if (name !== null) {
      this.#remove(path);
      void this.#add(path);
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#changed = true;
      this.#waiting?.();
    }, quietMs);
  }
}
