/** Sizes and times of the network, one place for all. */
export const networkLimits = {
  /** Namespaces kept ready when nothing else is said. */
  defaultPoolSize: 8,
  /** Namespaces made by one run of `ip`. */
  batchSize: 16,
  /** Runs of `ip` inside namespaces at the same time. */
  parallelInside: 4,
  /** From the taking of a ready namespace to the making of the next, where half of them are left. */
  refillDelayMs: 250,
  /** Pause before the pool is filled again after it failed. */
  refillRetryMs: 1_000,
  /** The rules of other firewalls are looked at no more often than this. */
  firewallLookMs: 30_000,
  /** How long the kernel may take to take down the interfaces of removed namespaces. */
  vanishTimeoutMs: 5_000,
  vanishPollMs: 10,
  /** An address that a name was answered with may be connected to for at least this long. */
  leastGrantSeconds: 60,
  longestGrantSeconds: 86_400,
  /** A connection that was allowed stays so until nothing was sent for this long. */
  quietConnectionSeconds: 7_200,
  /** Addresses that one workload under a policy may connect to at a time. */
  maxGrants: 4_096,
  /** Names that are remembered of one address; connections for others are cut by the next change of the policy. */
  maxNamesOfAddress: 256,
  /** Questions about names of one workload that wait for an answer. */
  maxOpenQuestions: 128,
  /** Connections of one workload over which it asks about names. */
  maxNameConnections: 16,
  nameConnectionIdleMs: 10_000,
  /** The longest question about a name. */
  maxQuestionBytes: 1_232,
  /** How long a name server of the machine may take, each time it is asked. */
  nameQueryTimeoutMs: 2_000,
  nameQueryTries: 3,
  /** How often the list of the machine's name servers is read anew. */
  nameServersLookMs: 30_000,
  /** How long answers other than addresses are good: nobody tells what their owner says. */
  otherRecordsTtlSeconds: 60,
} as const;
