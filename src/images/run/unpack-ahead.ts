import { AsyncQueue } from '../../lib/async-queue.ts';
import { maxUnpacksAhead } from '../limits.ts';
import type { RepositoryOwner } from '../repositories/repository.ts';

/** An image that has just been pushed. */
export interface PushedImage {
  readonly owner: RepositoryOwner;
  readonly digest: string;
}

/**
 * Images that are to be unpacked before somebody spawns from them: one after the other, so that a spawn that has
 * to unpack something itself finds room beside. What is lost with a killed server is unpacked by the spawn.
 */
export class UnpackAhead {
  #queue: AsyncQueue<PushedImage> | undefined;
  #waiting = 0;

  /** Takes note of an image; where nobody unpacks, or too many are waiting, it is left to its first spawn. */
  add(image: PushedImage): void {
    if (this.#queue === undefined || this.#waiting >= maxUnpacksAhead) return;
    this.#waiting += 1;
    this.#queue.push(image);
  }

  /**
   * Unpacks what is added from now on, until the signal fires.
   * @param unpack of one image @param tell is told what could not be unpacked
   */
  async run(
    unpack: (image: PushedImage, signal: AbortSignal) => Promise<void>,
    tell: (image: PushedImage, error: unknown) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const queue = new AsyncQueue<PushedImage>();
    const end = () => queue.abort();
    if (signal.aborted) return;
    signal.addEventListener('abort', end, { once: true });
    this.#queue = queue;
    try {
      for await (const image of queue) {
        this.#waiting -= 1;
        await unpack(image, signal).catch(error => {
          if (!signal.aborted) tell(image, error);
        });
      }
    } finally {
      this.#queue = undefined;
      this.#waiting = 0;
      signal.removeEventListener('abort', end);
    }
  }
}
