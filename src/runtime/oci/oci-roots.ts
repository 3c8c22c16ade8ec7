import { RootStore, type WritableLayer } from '../roots/index.ts';
import { type PersistentRoots, type PreparedImage, RuntimeError } from '../runtime.ts';

/** A root that nobody else gets while its workload is being made. */
export interface RootClaim {
  readonly layer: WritableLayer;
  release(): void;
}

/** Persistent roots, each with one workload at most. */
export class OciRoots implements PersistentRoots {
  readonly store: RootStore;
  readonly #isUsed: (root: string) => boolean;
  readonly #claimed = new Set<string>();

  /** @param isUsed whether a workload that has not ended has it */
  constructor(folder: string, isUsed: (root: string) => boolean) {
    this.store = new RootStore(folder);
    this.#isUsed = isUsed;
  }

  /** @throws {RuntimeError} `conflict` */
  async claim(root: string, image: PreparedImage): Promise<RootClaim> {
    const release = this.#take(root);
    try {
      const layer = await this.store.make(root);
      await this.store.noteImage(root, image);
      return { layer, release };
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

  /** No workload has it, and none gets it until the returned function is called. */
  #take(root: string): () => void {
    if (this.#claimed.has(root) || this.#isUsed(root)) {
      throw new RuntimeError('conflict', `root ${root} is in use`);
    }
    this.#claimed.add(root);
    return () => this.#claimed.delete(root);
  }
}
