export interface LogLimits {
  /** The active file is rotated once it is at least this long. */
  readonly segmentBytes: number;
  /** What one log may occupy; the oldest segments go first. The two newest files always stay. */
  readonly totalBytes: number;
  /** UTF-8 bytes of one entry's text, at least 16; a longer line comes as several entries. */
  readonly maxLineBytes: number;
}

export const defaultLogLimits: LogLimits = {
  segmentBytes: 8 * 1024 * 1024,
  totalBytes: 64 * 1024 * 1024,
  /** An event of a log stream is at most 16 KiB, framing included. */
  maxLineBytes: 15 * 1024,
};

/** What is read from a file at a time. */
export const readBlockBytes = 64 * 1024;

/** A longer run of bytes without a newline is not a record: it is skipped as damage. */
export const maxRecordBytes = 32 * 1024;

/** Text of one record as we write it; conmon's buffer has the same size. */
export const maxRecordTextBytes = 8 * 1024;

/** What one write to the file takes at most from the queue of a writer. */
export const writeBatchBytes = 256 * 1024;

/** How often a follower looks by itself, in case a change was not announced. */
export const followPollMs = 1000;

/** The same while the folder can't be watched, for example because it is not there yet. */
export const unwatchedPollMs = 100;

/** How long a writer other than this server may take to open the active file anew. */
export const reopenTimeoutMs = 10_000;

/** How long a reopen that was asked for before a crash may still be under way. */
export const reopenGraceMs = 1000;

export const reopenPollMs = 5;
