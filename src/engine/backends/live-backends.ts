import type { Backend, Lock, StatusEntry } from '../../store/store.ts';

interface Live {
  backend: Backend;
  readonly ended: AbortController;
}

/**
 * What is live, in memory: this server is the only one that writes to its store, so that looking at a lock's
 * holder costs no query. The store's unique key, not this index, decides who gets a free lock.
 */
export class LiveBackends {
  readonly #byId = new Map<string, Live>();
  readonly #byLock = new Map<string, string>();
  readonly #countOf = new Map<string, number>();

  add(backend: Backend): void {
    this.#byId.set(backend.id, { backend, ended: new AbortController() });
    if (backend.lock !== undefined) this.#byLock.set(keyOf(backend.lock), backend.id);
    this.#count(backend.accountId, 1);
  }

  /** Takes in a step; forgets the backend when it is the last one. */
  update(entry: StatusEntry): void {
    const live = this.#byId.get(entry.workloadId);
    if (live === undefined) return;
    live.backend = { ...live.backend, latest: entry };
    if (entry.status !== 'terminated') return;
    this.#byId.delete(entry.workloadId);
    const { lock, accountId } = live.backend;
    if (lock !== undefined) this.#byLock.delete(keyOf(lock));
    this.#count(accountId, -1);
    live.ended.abort();
  }

  noteImage(id: string, imageDigest: string): void {
    const live = this.#byId.get(id);
    if (live !== undefined) live.backend = { ...live.backend, imageDigest };
  }

  get(id: string): Backend | undefined {
    return this.#byId.get(id)?.backend;
  }

  holder(lock: Lock): Backend | undefined {
    const id = this.#byLock.get(keyOf(lock));
    return id === undefined ? undefined : this.get(id);
  }

  /** Fires when the backend has ended; undefined when it is not live. */
  ended(id: string): AbortSignal | undefined {
    return this.#byId.get(id)?.ended.signal;
  }

  /**
   * Holds a place for one more backend of an account while it is being written.
   * @param limit 0 = no limit
   * @returns the function that gives the place back; undefined when there is none left
   */
  reserve(accountId: string, limit: number): (() => void) | undefined {
    if (limit > 0 && (this.#countOf.get(accountId) ?? 0) >= limit) return undefined;
    this.#count(accountId, 1);
    return () => this.#count(accountId, -1);
  }

  /** Newest first. */
  ofAccount(accountId: string): Backend[] {
    return this.#select(backend => backend.accountId === accountId);
  }

  ofService(serviceId: string): Backend[] {
    return this.#select(backend => backend.serviceId === serviceId);
  }

  #select(wanted: (backend: Backend) => boolean): Backend[] {
    const found: Backend[] = [];
    for (const { backend } of this.#byId.values()) if (wanted(backend)) found.push(backend);
    return found.sort((a, b) => b.fencingToken - a.fencingToken);
  }

  #count(accountId: string, change: 1 | -1): void {
    const count = (this.#countOf.get(accountId) ?? 0) + change;
    if (count === 0) this.#countOf.delete(accountId);
    else this.#countOf.set(accountId, count);
  }
}

function keyOf({ scope, name }: Lock): string {
  return `${scope}\0${name}`;
}
