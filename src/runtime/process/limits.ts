export const processLimits = {
  /** How long killed processes may take to be gone. */
  killTimeoutMs: 5000,
  killPollMs: 5,
  /** After the end of its group a program's output ends at once, unless a process that left the group holds it. */
  outputGraceMs: 250,
  /** When such a process could not be ended either, reading stops after this long. */
  outputTimeoutMs: 2000,
  /** What programs get for their own clean-up when the server ends. */
  closeTimeoutMs: 2000,
} as const;
