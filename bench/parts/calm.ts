import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const windowMs = 200;
const idleShare = 0.8;
const defaultLimitMs = 1_500;

/**
 * Waits until the machine's processors have hardly anything to do: what was measured last has left nothing in
 * the background, and nobody else is at work. Gives up waiting at the limit.
 */
export async function calm(limitMs = defaultLimitMs): Promise<void> {
  const deadline = performance.now() + limitMs;
  let before = await processorTimes();
  while (performance.now() < deadline) {
    await delay(windowMs);
    const now = await processorTimes();
    if ((now.idle - before.idle) / (now.all - before.all) >= idleShare) return;
    before = now;
  }
}

/** Of all processors since the start of the machine, in clock ticks. */
async function processorTimes(): Promise<{ idle: number; all: number }> {
  const [line = ''] = (await readFile('/proc/stat', 'utf8')).split('\n');
  // proc(5): user, nice, system, idle, ...
  const times = line.split(/\s+/).slice(1).map(Number);
  return { idle: times[3] ?? 0, all: times.reduce((sum, time) => sum + time, 0) };
}
