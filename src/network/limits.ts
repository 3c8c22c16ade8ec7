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
} as const;
