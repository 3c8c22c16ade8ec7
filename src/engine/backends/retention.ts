import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.ts';
import type { Logs } from '../../logs/logs.ts';
import type { BackendStore, Store } from '../../store/store.ts';
import { removeOrphanedVolumes, type VolumeRetentionParts } from './volume-retention.ts';

const intervalMs = 60_000;
/** Few at a time, so that clearing a long backlog never holds up the others. */
const batchSize = 50;

export interface RetentionParts extends VolumeRetentionParts {
  readonly store: BackendStore;
  readonly logs: Logs;
  readonly clock: Clock;
  /** How long the history and log of an ended backend are kept. */
  readonly keepMs: number;
  /** An ended backend is gone for good. */
  readonly onForgotten: (id: string) => void;
  readonly reportFault: (workloadId: string, error: unknown) => string;
}

/** Forgets ended backends whose time is over, and volumes of deleted services, until the signal fires. */
export async function runRetention(parts: RetentionParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await forgetEnded(parts, signal).catch(error => parts.reportFault('retention', error));
    await removeOrphanedVolumes(parts).catch(error => parts.reportFault('volumes', error));
    await delay(intervalMs, undefined, { signal, ref: false }).catch(() => {});
  }
}

async function forgetEnded(parts: RetentionParts, signal: AbortSignal): Promise<void> {
  let ids: string[];
  do {
    const before = new Date(parts.clock.now().getTime() - parts.keepMs);
    ids = await parts.store.deleteEndedBefore(before, batchSize);
    for (const id of ids) {
      await parts.logs.remove(id);
      parts.onForgotten(id);
    }
  } while (ids.length === batchSize && !signal.aborted);
}

/** Removes logs that a crash left behind: those of ids that the store does not know. */
export async function removeStrayLogs({
  store,
  logs,
}: {
  readonly store: Pick<Store, 'backends' | 'sandboxes' | 'workspaces'>;
  readonly logs: Logs;
}): Promise<number> {
  const [boots, services] = await Promise.all([store.sandboxes.liveBoots(), store.sandboxes.serviceIds()]);
  const ofSandboxes = new Set([...boots.map(({ id }) => id), ...services]);
  let removed = 0;
  for (const id of await logs.list()) {
    if (ofSandboxes.has(id) || (await store.backends.get(id)) !== undefined) continue;
    if ((await store.workspaces.instance(id)) !== undefined) continue;
    await logs.remove(id);
    removed += 1;
  }
  return removed;
}
