import { type FSWatcher, watch } from 'node:fs';
import { followPollMs, unwatchedPollMs } from './limits.ts';

/** Tells that something in a folder may have changed, or that one of the signals fired. */
export class ChangeWatch {
  readonly #folder: string;
  readonly #signals: readonly AbortSignal[];
  #watcher: FSWatcher | undefined;
  #hasChanged = false;
  #wake: (() => void) | undefined;

  constructor(folder: string, signals: readonly AbortSignal[]) {
    this.#folder = folder;
    this.#signals = signals;
    for (const signal of signals) signal.addEventListener('abort', this.#changed);
    this.#start();
  }

  /** Resolves at the next change, or at once when there was one since the last call; at the latest by poll. */
  async change(): Promise<void> {
    if (this.#watcher === undefined && this.#start()) this.#hasChanged = true;
    if (!this.#hasChanged) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, this.#watcher === undefined ? unwatchedPollMs : followPollMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#hasChanged = false;
  }

  close(): void {
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#changed);
    this.#stop();
  }

  readonly #changed = (): void => {
    this.#hasChanged = true;
    this.#wake?.();
  };

  /** Fails where the folder is missing or the system has no watches left; then the poll does the work. */
  #start(): boolean {
    try {
      this.#watcher = watch(this.#folder, this.#changed);
      this.#watcher.on('error', () => this.#stop());
      return true;
    } catch {
      return false;
    }
  }

  #stop(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
