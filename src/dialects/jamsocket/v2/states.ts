import type { EndReason, StatusEntry, StopKind, WorkloadStatus } from '../../../engine/index.ts';

/** What version 2 tells everybody of one step. */
export interface PublicState {
  readonly status: WorkloadStatus;
  readonly time: Date;
  readonly termination_reason?: string;
  readonly termination_kind?: StopKind;
  readonly exit_error?: boolean;
}

/** What it tells the owner. */
export interface FullState extends Omit<PublicState, 'exit_error'> {
  readonly exit_code?: number;
  readonly last_status?: WorkloadStatus;
}

/** A program that ended by itself, or never came up, has no reason: nobody asked for its end. */
const reasons: Readonly<Partial<Record<EndReason, string>>> = {
  swept: 'swept',
  external: 'external',
  'start-timeout': 'startuptimeout',
  lost: 'lost',
  internal: 'internalerror',
};

export function publicState(entry: StatusEntry): PublicState {
  const { status, exitCode } = entry;
  const ended = status === 'terminated' && exitCode !== undefined;
  return { ...common(entry), ...(ended && { exit_error: exitCode !== 0 }) };
}

export function fullState(entry: StatusEntry): FullState {
  const { status, exitCode, lastStatus } = entry;
  if (status !== 'terminated') return common(entry);
  return {
    ...common(entry),
    ...(exitCode !== undefined && { exit_code: exitCode }),
    ...(lastStatus && { last_status: lastStatus }),
  };
}

/** Absent fields are omitted: a published client refuses `null`. */
function common({ status, at, reason, kind }: StatusEntry): PublicState {
  const why = reason && reasons[reason];
  return {
    status,
    time: at,
    ...(why && { termination_reason: why }),
    ...(status === 'terminated' && why && kind && { termination_kind: kind }),
  };
}
