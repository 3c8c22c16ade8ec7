/** Times and sizes of the oci runtime, one place for all. */
export const ociLimits = {
  /** Processes and threads of a workload that names no limit. */
  defaultPids: 512,
  /** Size of a workload's /dev/shm, as Docker has it. */
  sharedMemoryBytes: 64 * 1024 * 1024,
  /** From the start of conmon to its word that the container is made. */
  createTimeoutMs: 30_000,
  /** Between the moves that keep the kernel ready for others: it stays so for about 15 ms. */
  cgroupMovePauseMs: 5,
  /** `runc start` and `runc delete`. */
  commandTimeoutMs: 20_000,
  /** How long killed processes may take to be gone. */
  killTimeoutMs: 10_000,
  killPollMs: 5,
  /** A signal is blocked for good when it is at so many looks in turn. */
  blockedLooks: 10,
  /** The same after the signal was sent. */
  lostLooks: 200,
  /** How long the end of killed sessions is waited for when the server closes. */
  sessionEndTimeoutMs: 2_000,
  execPollMs: 2,
  /** From the start of a process to its program. */
  programTimeoutMs: 5_000,
  /** How often it is looked whether the conmon of an adopted workload still lives. */
  conmonPollMs: 1_000,
  /** Every so many looks it is made sure that it is no later process with the same number. */
  conmonIdentityEvery: 10,
  /** From the exit file of an adopted workload to the end of its conmon. */
  conmonEndTimeoutMs: 2_000,
  /** Connections from inside that are being opened at a time, on the whole server. */
  maxDials: 16,
  /** Processes for these beyond which those that rest are ended. */
  maxDialers: 24,
  dialerIdleMs: 5_000,
  /** Pause before an exit that could not be read is read again. */
  concludeRetryMs: 1_000,
  /** Total CPU time is looked at no more often than this. */
  cpuTimePollMs: 250,
  /** Larger lists of accounts are left alone. */
  maxAccountFileBytes: 1024 * 1024,
  /** From the request to freeze a group to all of its processes standing still. */
  freezeTimeoutMs: 10_000,
  freezePollMs: 2,
  /** With version 1 of control groups a process may escape the first try: after so many looks comes another. */
  freezeLooksPerTry: 50,
} as const;
