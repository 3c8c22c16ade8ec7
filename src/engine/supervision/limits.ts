import type { BackOffLimits } from './back-off.ts';

/** Times of supervision; the owner sets them from its settings. */
export interface SupervisionLimits {
  readonly backOff: BackOffLimits;
  /** How long a need may take until its port accepts connections. */
  readonly needsTimeoutMs: number;
  /** How long a need without a port must run to count as started. */
  readonly needsSettleMs: number;
  /** From TERM to KILL where the request does not say: a changed definition, a removal, a stop begun before a crash. */
  readonly stopTimeoutMs: number;
  /** A killed process that is still there after this long is killed again. */
  readonly killRetryMs: number;
}

export const defaultSupervisionLimits: SupervisionLimits = {
  backOff: { initialMs: 1_000, factor: 2, maxMs: 30_000, resetAfterMs: 10_000 },
  needsTimeoutMs: 10_000,
  needsSettleMs: 100,
  stopTimeoutMs: 10_000,
  killRetryMs: 5_000,
};
