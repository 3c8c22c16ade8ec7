import type { QueueLimits } from './hand-over.ts';

/** Times and limits of workspaces; the server sets them from its settings. */
export interface WorkspaceLimits extends QueueLimits {
  /** From its start to ready, the load of its image included. */
  readonly startTimeoutMs: number;
  /** So many in a row that did not get ready lock a deployment; 0 = never. */
  readonly lockAfterFailures: number;
  /** Who asked for it ends without a sign that it is needed for this long. */
  readonly keepAliveMs: number;
  /** How long what has ended is listed. */
  readonly historyMs: number;
}

export const defaultWorkspaceLimits: WorkspaceLimits = {
  maxActivePerAccount: 20,
  maxReservationsPerAccount: 50,
  startTimeoutMs: 600_000,
  lockAfterFailures: 3,
  keepAliveMs: 60_000,
  historyMs: 365 * 86_400_000,
};

/** How often signs of life are looked for. */
export const keepAliveCheckMs = 5_000;
/** How often the queue is looked at, whatever has happened. */
export const queueCheckMs = 30_000;
/** Reports that are kept of one workspace. */
export const reportsKept = 1_000;
export const maxDescriptionLength = 200;
export const maxRegionLength = 64;
/** Pause before a step is written again after the store refused it. */
export const writeRetryMs = 1_000;
/** How long telling an event may take. */
export const eventTimeoutMs = 10_000;
/** Pauses before an event that was not taken is told again; after the last one it is given up. */
export const eventRetryDelaysMs: readonly number[] = [1_000, 5_000, 25_000];
/** Events that are told at the same time. */
export const eventsAtOnce = 32;
