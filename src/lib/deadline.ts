import type { Clock } from './clock.ts';

/** The longest that a timer of Node waits, ms. */
const longestWaitMs = 2 ** 31 - 1;

/**
 * Calls back at a time, however far away, or at once when it is over.
 * @returns what takes it back
 */
export function atTime(time: Date, clock: Clock, callback: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    const leftMs = time.getTime() - clock.now().getTime();
    timer =
      leftMs > longestWaitMs
        ? setTimeout(wait, longestWaitMs).unref()
        : setTimeout(callback, Math.max(0, leftMs)).unref();
  };
  wait();
  return () => clearTimeout(timer);
}
