/**
 * The status machine of a workload, as data. A history only ever goes forward; the numbers have gaps so that
 * a status can be added between two others.
 */
export const statusOrder = {
  /** Written together with the workload itself (and its lock). Set by: spawn. */
  scheduled: 10,
  /** Its image is being resolved, fetched and unpacked. Set by: lifecycle. */
  loading: 20,
  /** It is being created and started. Set by: lifecycle. */
  starting: 30,
  /** Its program runs but does not accept connections yet. Set by: lifecycle. */
  waiting: 40,
  /** Its program accepts connections. Set by: readiness. */
  ready: 50,
  /** It was asked to end and may still answer. Set by: a stop request. */
  terminating: 60,
  /** It is being killed. Set by: a hard stop request or a start timeout. */
  'hard-terminating': 65,
  /** No process of it is left; final. Set by: lifecycle. */
  terminated: 70,
} as const;

export type WorkloadStatus = keyof typeof statusOrder;

/** Why a workload ended, or is being ended. */
export type EndReason =
  /** Nobody was connected for its grace period, or its lifetime was over. */
  | 'swept'
  /** Someone asked for it. */
  | 'external'
  /** Its program ended with code 0. */
  | 'exited'
  /** Its program ended with another code or a signal. */
  | 'failed'
  | 'start-timeout'
  | 'image-error'
  | 'start-error'
  /** It is gone and nobody saw it end. */
  | 'lost'
  /** Berth failed. */
  | 'internal';

export type StopKind = 'soft' | 'hard';

const endings = ['terminating', 'hard-terminating', 'terminated'] as const;

/** Which status may follow which: every start-up status in turn, and the way out from anywhere. */
export const allowedSteps: Readonly<Record<WorkloadStatus, readonly WorkloadStatus[]>> = {
  scheduled: ['loading', ...endings],
  loading: ['starting', ...endings],
  starting: ['waiting', ...endings],
  waiting: ['ready', ...endings],
  ready: endings,
  terminating: ['hard-terminating', 'terminated'],
  'hard-terminating': ['terminated'],
  terminated: [],
};

export function canStep(from: WorkloadStatus, to: WorkloadStatus): boolean {
  return allowedSteps[from].includes(to);
}

/** A stop was asked for or the end has come: no new traffic. */
export function isEnding(status: WorkloadStatus): boolean {
  return statusOrder[status] >= statusOrder.terminating;
}
