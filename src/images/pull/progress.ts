import type { Descriptor } from '../repositories/manifest.ts';
import { pullLimits } from './limits.ts';

/** What a pull tells while it goes on. */
export type PullEvent =
  | {
      readonly kind: 'resolved';
      readonly digest: string;
      readonly blobs: number;
      readonly totalBytes: number;
    }
  /** How far all blobs together are. */
  | {
      readonly kind: 'progress';
      readonly doneBlobs: number;
      readonly blobs: number;
      readonly bytes: number;
      readonly totalBytes: number;
    }
  /** A blob broke off, and goes on. */
  | { readonly kind: 'retrying'; readonly digest: string; readonly reason: string };

/** Adds up how far the blobs of an image are, and tells it now and then. */
export class PullProgress {
  readonly #tell: (event: PullEvent) => void;
  readonly #reached = new Map<string, number>();
  #blobs = 0;
  #doneBlobs = 0;
  #totalBytes = 0;
  #fetchedBytes = 0;
  #toldAt = 0;

  constructor(tell: (event: PullEvent) => void) {
    this.#tell = tell;
  }

  /** Of blobs that were not there before. */
  get fetchedBytes(): number {
    return this.#fetchedBytes;
  }

  begin(digest: string, blobs: readonly Descriptor[]): void {
    this.#blobs = blobs.length;
    this.#totalBytes = blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.#tell({ kind: 'resolved', digest, blobs: this.#blobs, totalBytes: this.#totalBytes });
  }

  blob({ digest, sizeBytes }: Descriptor) {
    return {
      reached: (bytes: number): void => {
        this.#reached.set(digest, bytes);
        this.#tellNow(false);
      },
      retrying: (reason: string): void => this.#tell({ kind: 'retrying', digest, reason }),
      done: (isFetched: boolean): void => {
        if (isFetched) this.#fetchedBytes += sizeBytes;
        this.#reached.set(digest, sizeBytes);
        this.#doneBlobs += 1;
        this.#tellNow(true);
      },
    };
  }

  #tellNow(isDue: boolean): void {
    const now = performance.now();
    if (!isDue && now - this.#toldAt < pullLimits.progressIntervalMs) return;
    this.#toldAt = now;
    const bytes = [...this.#reached.values()].reduce((sum, reached) => sum + reached, 0);
    this.#tell({
      kind: 'progress',
      doneBlobs: Math.min(this.#doneBlobs, this.#blobs),
      blobs: this.#blobs,
      bytes,
      totalBytes: this.#totalBytes,
    });
  }
}
