import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { looksInside, type Runtime, type WorkloadAddress } from '../../../runtime/runtime.ts';
import { portPollMs, portTryMs } from './limits.ts';

export interface PortSearch {
  readonly runtime: Runtime;
  readonly workloadId: string;
  /** Where the workload is reached from outside. */
  readonly address: WorkloadAddress | undefined;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Waits until something in the workload accepts TCP connections at a port, be it on its loopback only where the
 * runtime looks inside. @returns false when nothing did in time, or the signal fired
 */
export async function portAccepts({ timeoutMs, signal, ...search }: PortSearch): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!signal.aborted) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) return false;
    if (await acceptsNow(search, Math.min(portTryMs, leftMs), signal)) return true;
    await delay(portPollMs, undefined, { signal }).catch(() => {});
  }
  return false;
}

async function acceptsNow(
  { runtime, workloadId, address, port }: Omit<PortSearch, 'timeoutMs' | 'signal'>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  if (address !== undefined && (await isOpen(address.host, port, timeoutMs, signal))) return true;
  if (!looksInside(runtime)) return false;
  try {
    const socket = await runtime.connect(workloadId, { host: '127.0.0.1', port, timeoutMs, signal });
    socket.destroy();
    return true;
  } catch {
    return false;
  }
}

function isOpen(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const finish = (accepted: boolean): void => {
      signal.removeEventListener('abort', refuse);
      socket.destroy();
      resolve(accepted);
    };
    const refuse = (): void => finish(false);
    socket.once('connect', () => finish(true));
    socket.on('error', refuse);
    socket.once('timeout', refuse);
    signal.addEventListener('abort', refuse, { once: true });
  });
}
