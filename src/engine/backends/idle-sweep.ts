/** Node fires timers at once that are longer than this. */
const longestTimerMs = 2 ** 31 - 1;

interface Watched {
  readonly graceMs: number;
  /** When it has to end whatever happens, ms since the epoch. */
  readonly endsAtMs: number;
  open: number;
  everConnected: boolean;
  idleSinceMs: number;
  timer: NodeJS.Timeout | undefined;
}

export interface IdleSweepOptions {
  /** Idle time of a backend with grace 0 that nobody ever connected to. */
  readonly defaultGraceMs: number;
  /** The time of a backend has come. */
  readonly sweep: (id: string) => void;
}

/**
 * Finds backends that nobody is connected to any more. The idle clock runs from `watch` (the backend became
 * ready) or from the end of the last connection; it stands still while a connection is open.
 */
export class IdleSweep {
  readonly #options: IdleSweepOptions;
  readonly #watched = new Map<string, Watched>();
  /** Counts of backends that are not watched yet: requests are held while they get ready. */
  readonly #early = new Map<string, number>();

  constructor(options: IdleSweepOptions) {
    this.#options = options;
  }

  /**
   * Starts the idle clock; again, with other times, where it runs already.
   * @param graceMs idle time before the sweep; 0 = when the last connection closes; Infinity = never
   * @param endsAtMs end of its lifetime, ms since the epoch; Infinity = none
   */
  watch(id: string, graceMs: number, endsAtMs = Number.POSITIVE_INFINITY): void {
    const open = this.#watched.get(id)?.open ?? this.#early.get(id) ?? 0;
    this.forget(id);
    const watched = { graceMs, endsAtMs, open, everConnected: open > 0, idleSinceMs: Date.now() };
    this.#watched.set(id, { ...watched, timer: undefined });
    this.#early.delete(id);
    this.#arm(id);
  }

  /** The number of open connections of a backend has changed. */
  connectionsChanged(id: string, open: number): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) {
      if (open > 0) this.#early.set(id, open);
      else this.#early.delete(id);
      return;
    }
    if (open > 0) watched.everConnected = true;
    if (open === 0) watched.idleSinceMs = Date.now();
    watched.open = open;
    this.#arm(id);
  }

  forget(id: string): void {
    clearTimeout(this.#watched.get(id)?.timer);
    this.#watched.delete(id);
  }

  /** Backends that are being watched, and those with connections before they are. */
  get size(): number {
    return this.#watched.size + this.#early.size;
  }

  close(): void {
    for (const id of this.#watched.keys()) this.forget(id);
    this.#early.clear();
  }

  #arm(id: string): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    clearTimeout(watched.timer);
    const dueInMs = this.#dueAtMs(watched) - Date.now();
    if (dueInMs === Number.POSITIVE_INFINITY) return;
    watched.timer = setTimeout(() => this.#look(id), Math.min(Math.max(dueInMs, 0), longestTimerMs)).unref();
  }

  #look(id: string): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    if (this.#dueAtMs(watched) > Date.now()) {
      this.#arm(id);
    } else {
      this.forget(id);
      this.#options.sweep(id);
    }
  }

  #dueAtMs(watched: Watched): number {
    if (watched.open > 0) return watched.endsAtMs;
    const untouched = watched.graceMs === 0 && !watched.everConnected;
    const graceMs = untouched ? this.#options.defaultGraceMs : watched.graceMs;
    return Math.min(watched.endsAtMs, watched.idleSinceMs + graceMs);
  }
}
