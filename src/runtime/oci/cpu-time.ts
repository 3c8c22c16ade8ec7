import { availableParallelism } from 'node:os';
import { ociLimits } from './limits.ts';

/**
 * Watches the total CPU time of one workload. It looks when the limit can be reached at the earliest, with all
 * processors busy, so that an idle workload costs next to nothing.
 */
export class CpuTimeWatch {
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /**
   * @param used CPU time so far, nanoseconds; undefined ends the watch
   * @param onReached called once
   */
  constructor(limitSeconds: number, used: () => Promise<number | undefined>, onReached: () => void) {
    const look = async () => {
      const usedNs = await used();
      if (usedNs === undefined || this.#stopped) return;
      const restMs = limitSeconds * 1_000 - usedNs / 1e6;
      if (restMs <= 0) onReached();
      else this.#timer = setTimeout(() => void look(), soonestMs(restMs)).unref();
    };
    this.#timer = setTimeout(() => void look(), soonestMs(limitSeconds * 1_000)).unref();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}

/** Timers count in 32 bits. */
const longestTimerMs = 2 ** 31 - 1;

function soonestMs(cpuMs: number): number {
  return Math.min(longestTimerMs, Math.max(ociLimits.cpuTimePollMs, cpuMs / availableParallelism()));
}
