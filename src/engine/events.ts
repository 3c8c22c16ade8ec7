import { type Clock, systemClock } from '../lib/clock.ts';
import type { JournalStore, NewStatus, StatusEntry } from '../store/store.ts';

/**
 * The journal: every step of every workload, written before anybody can see its effect. All streams and all
 * reactions (routes of the edge, the idle sweep) are fed from here.
 */
export class Journal {
  readonly #store: JournalStore;
  readonly #clock: Clock;
  readonly #listeners = new Set<(entry: StatusEntry) => void>();
  readonly #imageListeners = new Set<(workloadId: string, digest: string) => void>();
  readonly #readers = new Map<string, Set<() => void>>();

  constructor(store: JournalStore, clock: Clock = systemClock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Writes a step and tells it; undefined when the status machine forbids it from the present status.
   * @param step at its own time, or now
   */
  async append(step: Omit<NewStatus, 'at'> & { at?: Date }): Promise<StatusEntry | undefined> {
    const entry = await this.#store.append({ ...step, at: step.at ?? this.#clock.now() });
    if (entry !== undefined) this.publish(entry);
    return entry;
  }

  /** Notes the image that a workload runs from. @returns the one that was noted first */
  async noteImage(workloadId: string, digest: string): Promise<string> {
    const noted = await this.#store.noteImage(workloadId, digest);
    for (const listener of this.#imageListeners) listener(workloadId, noted);
    return noted;
  }

  /** Calls back for each image that is noted from now on; the returned function ends it. */
  onImage(listener: (workloadId: string, digest: string) => void): () => void {
    this.#imageListeners.add(listener);
    return () => this.#imageListeners.delete(listener);
  }

  /** Tells an entry that was written together with its workload. */
  publish(entry: StatusEntry): void {
    for (const listener of this.#listeners) listener(entry);
    for (const wake of this.#readers.get(entry.workloadId) ?? []) wake();
  }

  /** Calls back for each entry from now on, in order; the returned function ends it. */
  onEntry(listener: (entry: StatusEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  history(workloadId: string): Promise<StatusEntry[]> {
    return this.#store.history(workloadId);
  }

  /**
   * The history of a workload after `afterSeq`, then what follows; ends after `terminated`, or at once when
   * the signal fires. A reader holds nothing but its place: a slow one reads again from the store.
   */
  async *follow(
    workloadId: string,
    { afterSeq = 0, signal }: { afterSeq?: number; signal?: AbortSignal } = {},
  ): AsyncGenerator<StatusEntry> {
    const reader = this.#subscribe(workloadId, signal);
    try {
      let seq = afterSeq;
      while (!signal?.aborted) {
        const changed = reader.changed();
        for (const entry of await this.#store.history(workloadId, seq)) {
          if (signal?.aborted) return;
          seq = entry.seq;
          yield entry;
          if (entry.status === 'terminated') return;
        }
        await changed;
      }
    } finally {
      reader.close();
    }
  }

  #subscribe(workloadId: string, signal: AbortSignal | undefined) {
    let wake = (): void => {};
    const notify = (): void => wake();
    const readers = this.#readers.get(workloadId) ?? new Set();
    this.#readers.set(workloadId, readers.add(notify));
    signal?.addEventListener('abort', notify);
    return {
      /** Settles at the next entry from the moment of this call. */
      changed: (): Promise<void> =>
        new Promise(resolve => {
          wake = resolve;
          if (signal?.aborted) resolve();
        }),
      close: (): void => {
        readers.delete(notify);
        if (readers.size === 0) this.#readers.delete(workloadId);
        signal?.removeEventListener('abort', notify);
      },
    };
  }
}
