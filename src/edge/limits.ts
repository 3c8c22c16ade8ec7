/** Every limit of the edge that is not an option. */
export const limits = {
  /** Workloads the edge remembers; beyond it the oldest without open requests are asked for again. */
  maxRoutes: 20_000,
  /** Ids without a workload that are remembered, and for how long: long enough to absorb a burst only. */
  maxUnknownIds: 1_000,
  unknownIdMs: 1_000,
  /** Tokens remembered for one workload. */
  maxTokensPerRoute: 1_000,

  /** Pause between two attempts to connect. */
  connectRetryMs: 50,
  /** Below the shortest keep-alive among common servers (gunicorn: 2 s), so that we close first. */
  idleUpstreamMs: 1_500,
  maxIdleUpstreams: 256,

  /** Response heads and trailers of workloads. */
  maxResponseHeadBytes: 256 * 1024,
  /** The line before a chunk, with its extensions. */
  maxChunkLineBytes: 4 * 1024,
  /** Bodies up to this size leave together with their head in one piece. */
  maxJoinedBodyBytes: 8 * 1024,

  /** How long an unread request body is drained after a refusal, so that the client can read the answer. */
  lingerMs: 1_000,
  /** Silence after which a tunnel with one closed side is cut. */
  halfOpenIdleMs: 30_000,
  /** TCP keep-alive: a dead peer must not keep a workload awake. */
  keepAliveMs: 30_000,
} as const;
