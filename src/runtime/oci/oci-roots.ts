import { RootStore, type WritableLayer } from '../roots/index.ts';
import { type Checkpointable, type CheckpointOptions, type PreparedImage, RuntimeError } from '../runtime.ts';

/** A root that nobody else gets while its workload is being made. */
export interface RootClaim {
  readonly layer: WritableLayer;
  /** Folder of its checkpoints, by name. */
  readonly checkpoints: string;
  release(): void;
}

/** Persistent roots, each with one workload at most. */
export class OciRoots implements Checkpointable {
  readonly store: RootStore;
  readonly #userOf: (root: string) => string | undefined;
  readonly #mappedFiles: (id: string) => Promise<ReadonlySet<string>>;
  readonly #claimed = new Set<string>();

  /**
   * @param userOf the workload that has a root and has not ended
   * @param mappedFiles what a workload may change without a trace
   */
  constructor(
    folder: string,
    userOf: (root: string) => string | undefined,
    mappedFiles: (id: string) => Promise<ReadonlySet<string>>,
  ) {
    this.store = new RootStore(folder);
    this.#userOf = userOf;
    this.#mappedFiles = mappedFiles;
  }

  /** @throws {RuntimeError} `conflict` */
  async claim(root: string, image: PreparedImage): Promise<RootClaim> {
    const release = this.#take(root);
    try {
      const layer = await this.store.make(root);
      await this.store.noteImage(root, image);
      return { layer, checkpoints: this.store.checkpointsFolder(root), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  async createRoot(root: string): Promise<void> {
    await this.store.make(root);
  }

  async removeRoot(root: string): Promise<void> {
    const release = this.#take(root);
    await this.store.remove(root).finally(release);
  }

  listRoots(): Promise<string[]> {
    return this.store.list();
  }

  createCheckpoint(root: string, name: string, options: CheckpointOptions): Promise<{ bytes: number }> {
    const mappedFiles = async () => {
      const user = this.#userOf(root);
      return user === undefined ? new Set<string>() : this.#mappedFiles(user);
    };
    return this.store.createCheckpoint(root, name, { ...options, mappedFiles });
  }

  async restoreCheckpoint(root: string, name: string): Promise<void> {
    const release = this.#take(root);
    await this.store.restoreCheckpoint(root, name).finally(release);
  }

  removeCheckpoint(root: string, name: string): Promise<void> {
    return this.store.removeCheckpoint(root, name);
  }

  listCheckpoints(root: string): Promise<string[]> {
    return this.store.listCheckpoints(root);
  }

  checkpointPath(root: string, name: string): string {
    return this.store.checkpointPath(root, name);
  }

  /** No workload has it, and none gets it until the returned function is called. */
  #take(root: string): () => void {
    if (this.#claimed.has(root) || this.#userOf(root) !== undefined) {
      throw new RuntimeError('conflict', `root ${root} is in use`);
    }
    this.#claimed.add(root);
    return () => this.#claimed.delete(root);
  }
}
