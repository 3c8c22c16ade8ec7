import { type FSWatcher, watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { Folder } from '../files/folder.ts';
import { isTemporaryName } from '../files/temporary-name.ts';
import { type Look, lookOf } from './file-change.ts';
import { settleMs } from './limits.ts';

/**
 * A folder that is watched, by its open descriptor: whatever happens to the path above it, it stays this one.
 * It owns the descriptor.
 */
export class WatchedFolder {
  /** As the sandbox sees it, without a slash at its end; empty for the root. */
  readonly path: string;
  /** Names that are told of; undefined for all. */
  readonly only: ReadonlySet<string> | undefined;
  readonly known = new Map<string, Look>();
  readonly #folder: Folder;
  readonly #watcher: FSWatcher;
  readonly #touched = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param onTouched some of its names may have changed, for a while */
  constructor(folder: Folder, only: ReadonlySet<string> | undefined, onTouched: (names: string[]) => void) {
    this.#folder = folder;
    this.path = folder.path;
    this.only = only;
    this.#watcher = watch(folder.here, { persistent: false }, (_, name) => {
      if (name === null || this.#closed || !this.#tellsOf(name)) return;
      this.#touched.add(name);
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        const names = [...this.#touched];
        this.#touched.clear();
        onTouched(names);
      }, settleMs).unref();
    });
    // It ends with the folder, whose removal is told by the folder above.
    this.#watcher.on('error', () => {});
  }

  async names(): Promise<string[]> {
    const names = await readdir(this.#folder.here).catch(() => []);
    return names.filter(name => this.#tellsOf(name));
  }

  #tellsOf(name: string): boolean {
    return this.only === undefined ? !isTemporaryName(name) : this.only.has(name);
  }

  /** How a name is now; undefined when there is none, or it can't be told. */
  async look(name: string): Promise<Look | undefined> {
    if (this.#closed) return undefined;
    return await this.#folder.statOf(name).then(lookOf, () => undefined);
  }

  child(name: string): Promise<Folder> {
    return this.#folder.child(name);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#watcher.close();
    await this.#folder.close();
  }
}
