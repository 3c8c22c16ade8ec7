/** Times and sizes of persistent roots, one place for all. */
export const rootLimits = {
  /** To delete the files of one root. */
  removeTimeoutMs: 10 * 60_000,
  /** Who deletes something waits for it so long. */
  removeWaitMs: 1_000,
  /** To bring a copy to disk. */
  syncTimeoutMs: 5 * 60_000,
  /** Names that are given to one command. */
  commandNamesBytes: 96 * 1024,
  /** What a command may say. */
  commandOutputBytes: 64 * 1024 * 1024,
  /** From the kill of a command that a former server has left to its end. */
  endTimeoutMs: 10_000,
  endPollMs: 5,
} as const;
