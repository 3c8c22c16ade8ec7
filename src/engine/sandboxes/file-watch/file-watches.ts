import { BerthError } from '../../../lib/errors.ts';
import { type Runtime, showsFiles } from '../../../runtime/runtime.ts';
import type { Actor } from '../files/actor.ts';
import type { LiveSandbox } from '../live-sandbox.ts';
import type { Resident } from '../resident.ts';
import { FileWatch, type FileWatchOptions } from './file-watch.ts';
import { maxWatches } from './limits.ts';

export interface FileWatchesParts {
  readonly sandbox: LiveSandbox;
  readonly runtime: Runtime;
  readonly actor: () => Actor;
}

export interface FileWatchRequest extends Pick<FileWatchOptions, 'recursive' | 'onChange' | 'onTrouble'> {
  /** Absolute, as the sandbox sees them. */
  readonly paths: readonly string[];
  /** Its sandbox stops: nothing more will be told. */
  readonly onEnd: () => void;
  readonly signal?: AbortSignal;
}

/** Who watches files of one sandbox. A watch keeps it awake and ends when it stops. */
export class FileWatches implements Resident {
  readonly #parts: FileWatchesParts;
  readonly #open = new Map<FileWatch, () => void>();

  constructor(parts: FileWatchesParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when all paths are watched.
   * @returns what ends it
   * @throws {BerthError} `no-capacity`, `limit-reached`, `unsupported`
   * @throws {FileError}
   */
  async open({ paths, onEnd, signal, ...options }: FileWatchRequest): Promise<() => Promise<void>> {
    const { sandbox, runtime, actor } = this.#parts;
    if (!showsFiles(runtime)) {
      throw new BerthError('unsupported', `the ${runtime.name} runtime does not show files`);
    }
    if (this.#open.size >= maxWatches) {
      throw new BerthError('limit-reached', `the files of a sandbox have ${maxWatches} watches at most`);
    }
    const use = await sandbox.use(signal);
    const watch = new FileWatch({
      ...options,
      rootPath: await runtime.rootPath(use.workloadId),
      actor: actor(),
    });
    this.#open.set(watch, onEnd);
    const close = async (): Promise<void> => {
      this.#open.delete(watch);
      use.release();
      await watch.close();
    };
    try {
      for (const path of paths) await watch.add(path);
    } catch (error) {
      await close();
      throw error;
    }
    return close;
  }

  async stopping(): Promise<void> {
    const open = [...this.#open];
    this.#open.clear();
    for (const [watch, onEnd] of open) {
      onEnd();
      await watch.close();
    }
  }

  ended(): void {
    void this.stopping();
  }
}
