import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.ts';
import type { Logs } from '../../logs/logs.ts';
import type { WorkspaceStore } from '../../store/store.ts';

const intervalMs = 60_000;
/** Few at a time, so that clearing a long backlog never holds up the others. */
const batchSize = 50;

export interface WorkspaceRetentionParts {
  readonly store: WorkspaceStore;
  readonly logs: Logs;
  readonly clock: Clock;
  /** How long the history and log of an ended workload are kept. */
  readonly keepMs: number;
  /** How long a workspace that has ended is listed. */
  readonly historyMs: number;
  readonly reportFault: (subject: string, error: unknown) => string;
}

/** Forgets what has ended when its time is over, until the signal fires. */
export async function runWorkspaceRetention(
  parts: WorkspaceRetentionParts,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await forget(parts, signal).catch(error => parts.reportFault('workspaces', error));
    await delay(intervalMs, undefined, { signal, ref: false }).catch(() => {});
  }
}

async function forget(
  { store, logs, clock, keepMs, historyMs }: WorkspaceRetentionParts,
  signal: AbortSignal,
): Promise<void> {
  const before = (ms: number): Date => new Date(clock.now().getTime() - ms);
  for (let ids = ['']; ids.length > 0 && !signal.aborted; ) {
    ids = await store.deleteWorkloadsEndedBefore(before(keepMs), batchSize);
    for (const id of ids) await logs.remove(id);
  }
  for (let count = 1; count > 0 && !signal.aborted; ) {
    count = await store.deleteInstancesEndedBefore(before(Math.max(historyMs, keepMs)), batchSize);
  }
}
