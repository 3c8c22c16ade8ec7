/** Times and limits of the engine; the server sets them from its settings. */
export interface EngineLimits {
  /** Longest time in `loading`. */
  readonly loadTimeoutMs: number;
  /** Longest time in `waiting`. */
  readonly startupTimeoutMs: number;
  /** From the soft stop's signal to SIGKILL. */
  readonly stopGraceMs: number;
  /** Idle time before a sweep where the request names none. */
  readonly defaultGraceMs: number;
  /** How long a spawn waits for an ending lock holder. */
  readonly lockWaitMs: number;
  /** How long an ended workload's history and log are kept. */
  readonly endedRetentionMs: number;
  /** Variables of one workload together: UTF-8 bytes of `KEY=value` plus one each. */
  readonly maxEnvBytes: number;
  /** Live backends of one account; 0 = unlimited. */
  readonly maxBackendsPerAccount: number;
}

export const defaultEngineLimits: EngineLimits = {
  loadTimeoutMs: 300_000,
  startupTimeoutMs: 30_000,
  stopGraceMs: 10_000,
  defaultGraceMs: 300_000,
  lockWaitMs: 30_000,
  endedRetentionMs: 168 * 3_600_000,
  maxEnvBytes: 256 * 1024,
  maxBackendsPerAccount: 0,
};
