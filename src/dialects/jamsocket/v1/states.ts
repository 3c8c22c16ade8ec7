import type { StatusEntry } from '../../../engine/index.ts';

/** The published statuses of a backend. */
export type V1State =
  | 'Loading'
  | 'Starting'
  | 'Ready'
  | 'Swept'
  | 'Exited'
  | 'ErrorLoading'
  | 'ErrorStarting'
  | 'TimedOutBeforeReady'
  | 'Failed'
  | 'Terminated'
  | 'Lost';

export interface V1Status {
  /** Of the first entry that means this state. */
  readonly seq: number;
  readonly state: V1State;
  readonly at: Date;
}

/** A history in published statuses: equal neighbours are one. */
export function v1Statuses(history: readonly StatusEntry[]): V1Status[] {
  const statuses: V1Status[] = [];
  for (const entry of history) {
    const state = v1StateAfter(statuses.at(-1)?.state, entry);
    if (state !== statuses.at(-1)?.state) statuses.push({ seq: entry.seq, state, at: entry.at });
  }
  return statuses;
}

/** The published status that an entry means after `previous`. */
export function v1StateAfter(previous: V1State | undefined, entry: StatusEntry): V1State {
  switch (entry.status) {
    case 'scheduled':
    case 'loading':
      return 'Loading';
    case 'starting':
    case 'waiting':
      return 'Starting';
    case 'ready':
      return 'Ready';
    case 'terminating':
    case 'hard-terminating':
      return previous ?? 'Loading';
    case 'terminated':
      return v1End(entry);
  }
}

function v1End({ reason, lastStatus, exitCode }: StatusEntry): V1State {
  if (reason === 'external') return 'Terminated';
  if (reason === 'internal' || reason === 'lost') return 'Lost';
  if (reason === 'swept') return 'Swept';
  switch (lastStatus) {
    case 'starting':
      return 'ErrorStarting';
    case 'waiting':
      return reason === 'start-timeout' ? 'TimedOutBeforeReady' : 'ErrorStarting';
    case 'ready':
      if (exitCode === undefined) return 'Terminated';
      return exitCode === 0 ? 'Exited' : 'Failed';
    default:
      return 'ErrorLoading';
  }
}
