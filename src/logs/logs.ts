/**
 * Durable logs of workloads: a folder each, holding the active file `current` and the rotated segments
 * before it. The files have one format, whoever writes them (conmon's `k8s-file`):
 * `RFC3339Nano stdout|stderr F|P text`, where P marks a piece of a line that the next record of the same
 * stream continues. So a program's output can go to disk while the server is away.
 */
export interface Logs {
  /** Makes the folder; returns the absolute path of the active file for writers other than this server. */
  create(id: string): Promise<string>;

  /** Appends a line of the platform's own (stream `stderr`), such as why a start failed. */
  note(id: string, text: string): Promise<void>;

  /** For a runtime whose output passes through the server. */
  writer(id: string): LogWriter;

  /**
   * Reads lines in order of arrival. A reader may be as slow as it likes: it reads from disk. What
   * retention removed before it was read is told by a gap.
   */
  read(id: string, options: LogReadOptions): AsyncIterable<LogEntry>;

  /**
   * Reads the output as it was written, for who must know each byte: parts of lines are not joined, nothing is
   * decoded. A block of it at a time.
   */
  readPieces(id: string, options: PieceReadOptions): AsyncIterable<readonly (LogPiece | LogGap)[]>;

  /** Position at which the log ends now: the cursor of all that was written so far. 0 when there is none. */
  end(id: string): Promise<number>;

  /**
   * Rotates the active file where it has grown past the limit, and drops what is past the bound.
   * @param reopen makes a writer other than this server open the active file anew; false when there is none
   * @returns how many bytes the log had at that moment, since its beginning; 0 where it rotates by itself
   */
  rotate(id: string, reopen: () => Promise<boolean>): Promise<number>;

  /** Bytes on disk. */
  size(id: string): Promise<number>;

  /** Idempotent. */
  remove(id: string): Promise<void>;

  /** The ids that have a log, so that strays can be removed. */
  list(): Promise<string[]>;
}

export interface LogWriter {
  /** Takes output as it comes, lines and parts of lines. Resolves when the operating system has it. */
  write(stream: LogStream, chunk: Uint8Array): Promise<void>;
  /** Ends an unfinished line and closes the file. */
  close(): Promise<void>;
}

export type LogStream = 'stdout' | 'stderr';

export interface LogReadOptions {
  /** Start after this cursor (the `cursor` of an entry that was read before); from the start when absent. */
  readonly after?: number;
  /** Only the last n lines of what is there now, 0..100,000; then what follows. Not together with `after`. */
  readonly tail?: number;
  /**
   * Go on with what is written later, until this signal says that the log is complete; then the rest is
   * read and the iteration ends. Absent: read what is there now and end.
   */
  readonly followUntil?: AbortSignal;
  /** Ends the iteration at once, without error. */
  readonly signal?: AbortSignal;
}

export interface PieceReadOptions {
  /** Start after this cursor (of a piece, or an end of the log); from the start when absent, or not of this log. */
  readonly after?: number;
  /** Go on until the position that this tells, once it does. Absent: read what is there now and end. */
  readonly end?: Promise<number>;
  /** Ends the iteration at once, without error. */
  readonly signal?: AbortSignal;
}

/** What the program wrote at once, or a part of it: a line or a piece of one. */
export interface LogPiece {
  readonly type: 'piece';
  /** Position in the log, rising from piece to piece. */
  readonly cursor: number;
  /** When it arrived; ms since the epoch. */
  readonly atMs: number;
  readonly stream: LogStream;
  /** Without a newline; any bytes else. */
  readonly bytes: Buffer;
  /** A newline followed; else the next piece of the stream goes on with the line. */
  readonly endsLine: boolean;
}

export type LogEntry = LogLine | LogGap;

export interface LogLine {
  readonly type: 'line';
  /** Position in the log, rising from entry to entry, the same at every reading and across restarts. */
  readonly cursor: number;
  /** RFC 3339 with nanoseconds, as written: when the line (its last piece) arrived. */
  readonly time: string;
  readonly stream: LogStream;
  /**
   * Without its line end. `\n`, `\r\n` and a lone `\r` end a line. At most `maxLineBytes` of UTF-8: a longer
   * line comes as several entries, split at characters. Invalid UTF-8 is U+FFFD.
   */
  readonly text: string;
}

export interface LogGap {
  readonly type: 'gap';
  readonly cursor: number;
  /** Bytes of the log that retention removed before they were read. */
  readonly lostBytes: number;
}
