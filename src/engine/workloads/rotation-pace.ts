/** How often the log of a workload that writes much is looked at for rotation. */
export const shortestLookMs = 250;
/** How often that of a silent one is. */
const longestLookMs = 5_000;
/** Growth between two looks from which on the next one comes soon. */
const muchBytes = 1024 * 1024;

interface Pace {
  bytes: number;
  intervalMs: number;
  dueAtMs: number;
}

/** Decides whose log is looked at when: often where much is written, seldom where nothing is. */
export class RotationPace {
  #paces = new Map<string, Pace>();

  /** Those of the live workloads whose time has come; forgets all others. */
  due(live: Iterable<string>): string[] {
    const now = Date.now();
    const known = this.#paces;
    this.#paces = new Map();
    const due: string[] = [];
    for (const id of live) {
      const pace = known.get(id) ?? { bytes: 0, intervalMs: shortestLookMs, dueAtMs: now };
      this.#paces.set(id, pace);
      if (pace.dueAtMs > now) continue;
      pace.dueAtMs = now + pace.intervalMs;
      due.push(id);
    }
    return due;
  }

  /** @param bytes how much was written to the log since its beginning */
  seen(id: string, bytes: number): void {
    const pace = this.#paces.get(id);
    if (pace === undefined) return;
    const much = bytes - pace.bytes >= muchBytes;
    pace.bytes = bytes;
    pace.intervalMs = much ? shortestLookMs : Math.min(pace.intervalMs * 2, longestLookMs);
    pace.dueAtMs = Date.now() + pace.intervalMs;
  }
}
