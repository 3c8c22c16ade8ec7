import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkloadAddress } from '../../runtime/runtime.ts';

/** Most programs are up within a few hundred milliseconds, so the first looks come quickly. */
const firstIntervalMs = 4;
const longestIntervalMs = 100;
const connectTimeoutMs = 1_000;

/**
 * Waits until something accepts TCP connections at the workload's own address.
 * @param timeoutMs at least one attempt is made, however little is left
 * @returns false when the time is over or the signal fired
 */
export async function waitUntilAccepting(
  address: WorkloadAddress,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (let intervalMs = firstIntervalMs; !signal.aborted; ) {
    if (await accepts(address, signal)) return true;
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) return false;
    await delay(Math.min(intervalMs, leftMs), undefined, { signal }).catch(() => {});
    intervalMs = Math.min(intervalMs * 1.15, longestIntervalMs);
  }
  return false;
}

function accepts({ host, port }: WorkloadAddress, signal: AbortSignal): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout: connectTimeoutMs, signal });
    const settle = (accepted: boolean): void => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
}
