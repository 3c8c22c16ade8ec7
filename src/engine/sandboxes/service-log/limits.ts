/** Limits of the log files of services; the server sets the first two from its settings. */
export interface ServiceLogLimits {
  /** One file; it is rotated before a line that would make it longer. */
  readonly maxFileBytes: number;
  /** Files of one service, the current one included. */
  readonly files: number;
  readonly joining: JoiningLimits;
  /** Pause before a write is tried again that failed, on a full disk for example. */
  readonly retryMs: number;
}

/** When output is given on that ends no line. */
export interface JoiningLimits {
  /** Bytes of one piece as a JSON string in UTF-8, without the quotes: so many fit into a line of a stream. */
  readonly maxEncodedBytes: number;
  /** After this long without more of it. */
  readonly silenceMs: number;
}

export const defaultServiceLogLimits: ServiceLogLimits = {
  maxFileBytes: 10 * 1024 * 1024,
  files: 3,
  // A line of a stream has at most 60,000 bytes; the rest is for type, time and punctuation.
  joining: { maxEncodedBytes: 59_800, silenceMs: 200 },
  retryMs: 1_000,
};

/** What one write to a file takes at most, but for a line that is longer. */
export const maxWriteBytes = 1024 * 1024;

/** What is read from a file at a time. */
export const readBlockBytes = 64 * 1024;
