import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const limitMs = 120_000;
const pollMs = 10;

/** Waits for a condition. @param what named in the error when it does not come true */
export async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${limitMs} ms`);
    await delay(pollMs);
  }
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
