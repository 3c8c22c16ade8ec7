/** Times and sizes of pulls from other registries. */
export const pullLimits = {
  connectionsPerHost: 4,
  /** Blobs of one image at the same time. */
  concurrentBlobs: 3,
  /** Pulls of one account at the same time. */
  pullsPerAccount: 4,
  /** From the request to the head of the answer. */
  headTimeoutMs: 30_000,
  /** A body that stands still for so long is asked for anew. */
  idleTimeoutMs: 60_000,
  maxRedirects: 5,
  maxTokenAnswerBytes: 1024 * 1024,
  /** Tries in a row that brought nothing. */
  attempts: 5,
  /** Before the second try; doubled before each further one. */
  firstPauseMs: 300,
  /** The longest pause, also where the registry asks for a longer one. */
  longestPauseMs: 20_000,
  /** How often progress is told. */
  progressIntervalMs: 200,
  /** Indexes in indexes. */
  maxIndexDepth: 4,
} as const;
