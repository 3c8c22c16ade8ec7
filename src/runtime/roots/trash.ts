import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { randomId } from '../../lib/ids.ts';
import { rootLimits } from './limits.ts';
import { removeTree } from './remove-tree.ts';

/**
 * Folders on their way out. A rename takes one out of sight, whatever happens to the server then; its files, which may
 * be many, are deleted one folder after the other. What is left when the server ends is deleted by the next one.
 */
export class Trash {
  readonly #folder: string;
  readonly #closing = new AbortController();
  #last: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes it. @returns paths of what a former server has left in it */
  async open(): Promise<string[]> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    return (await readdir(this.#folder)).map(name => join(this.#folder, name));
  }

  /**
   * Takes a folder out of sight and deletes it; idempotent. Resolves when it is gone, or after a second: the rest is
   * done by and by.
   * @param name for those who look into the trash
   * @throws {CommandError}
   */
  async discard(path: string, name: string): Promise<void> {
    const doomed = await this.take(path, name);
    if (doomed !== undefined) await this.#soon(this.#delete(doomed));
  }

  /** Takes a folder out of sight. @returns where it is now; undefined when it is not there */
  async take(path: string, name: string): Promise<string | undefined> {
    const doomed = join(this.#folder, `${name}.${randomId(6)}`);
    try {
      await rename(path, doomed);
      return doomed;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Deletes what lies in it; nobody waits for that. */
  deleteLater(path: string): void {
    this.#delete(path).catch(error => this.#warn(error));
  }

  /** What is being deleted stays for the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#last;
  }

  async #delete(path: string): Promise<void> {
    const turn = this.#last.then(() => removeTree(path, this.#closing.signal));
    this.#last = turn.catch(() => {});
    await turn;
  }

  async #soon(removal: Promise<void>): Promise<void> {
    const waiting = new AbortController();
    const late = delay(rootLimits.removeWaitMs, 'late' as const, { signal: waiting.signal, ref: false });
    try {
      const outcome = await Promise.race([removal, late.catch(() => undefined)]);
      if (outcome === 'late') removal.catch(error => this.#warn(error));
    } finally {
      waiting.abort();
    }
  }

  #warn(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    process.emitWarning(`${(error as Error).message}; it is deleted at the next start`, 'DeleteWarning');
  }
}
