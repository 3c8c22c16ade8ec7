import { setTimeout as delay } from 'node:timers/promises';

const shortestPauseMs = 10;
const longestPauseMs = 50;
/** Against hanging alone: a machine may be busy with much else. */
const usualLimitMs = 45_000;

/**
 * Waits until something is there.
 * @param look asked again and again; undefined and false mean not yet
 * @throws {Error} naming what was waited for
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = usualLimitMs,
): Promise<T> {
  const startedAt = performance.now();
  while (true) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    const waitedMs = performance.now() - startedAt;
    if (waitedMs > timeoutMs) throw new Error(`${what} did not come within ${timeoutMs / 1000} s`);
    await delay(Math.min(Math.max(waitedMs / 10, shortestPauseMs), longestPauseMs));
  }
}

/** Fails when a promise takes longer; names what was waited for. */
export async function within<T>(what: string, promise: Promise<T>, timeoutMs = usualLimitMs): Promise<T> {
  const over = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: over.signal }).then(() => {
    throw new Error(`${what} did not come within ${timeoutMs / 1000} s`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    over.abort();
  }
}
