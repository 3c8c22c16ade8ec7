/** What a unit does; words that users see. */
export type UnitStatus = 'stopped' | 'starting' | 'running' | 'stopping' | 'failed';

export type StatusChange =
  /** It is to run: somebody asked, a dependant needs it, the workload boots, a restart is due. */
  | 'start'
  /** Its process runs. */
  | 'launched'
  /** Its process could not be launched, or something that it needs did not start. */
  | 'start-failed'
  /** It is to end. */
  | 'stop'
  /** Its process ended unasked, with code 0. */
  | 'finished'
  /** Its process ended unasked, in any other way. */
  | 'crashed'
  /** Its process ended because it was asked to; whatever its code, that is no failure. */
  | 'gone';

/** The status machine of a unit: which change leads where from each status. */
export const statusChanges: Readonly<Record<UnitStatus, Partial<Record<StatusChange, UnitStatus>>>> = {
  stopped: { start: 'starting' },
  failed: { start: 'starting', stop: 'stopped' },
  starting: { launched: 'running', 'start-failed': 'failed', stop: 'stopped' },
  running: { stop: 'stopping', finished: 'stopped', crashed: 'failed' },
  stopping: { gone: 'stopped' },
};

/** @throws when the change can't happen in this status: a defect of ours */
export function nextStatus(from: UnitStatus, change: StatusChange): UnitStatus {
  const to = statusChanges[from][change];
  if (to === undefined) throw new Error(`a unit that is ${from} can't take the change ${change}`);
  return to;
}
