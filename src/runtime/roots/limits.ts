/** Times and sizes of persistent roots, one place for all. */
export const rootLimits = {
  /** To delete the files of one root. */
  removeTimeoutMs: 10 * 60_000,
} as const;
