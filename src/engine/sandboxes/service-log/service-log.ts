import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, systemClock } from '../../../lib/clock.ts';
import { Turns } from '../../../lib/turns.ts';
import type { Logs } from '../../../logs/logs.ts';
import { BatchWriter } from './batch-writer.ts';
import { joinedOutput, type OutputBatch } from './joined-output.ts';
import { maxWriteBytes, type ServiceLogLimits } from './limits.ts';
import { LineFiles } from './line-files.ts';
import { formatLines } from './log-line.ts';
import { type LogNote, readNote, writeNote } from './note.ts';
import { type InTurn, LineReader, positionOfLast } from './read-lines.ts';

export interface ServiceLogParts {
  readonly logs: Pick<Logs, 'readPieces'>;
  /** The log that the runtime writes. */
  readonly logId: string;
  /** Absolute path of the file for users, such as `…/logs/services/web.log`; older ones stand beside it. */
  readonly path: string;
  /** Absolute path of a file of the server's own, which says how far the files are written. */
  readonly notePath: string;
  readonly limits: ServiceLogLimits;
  readonly clock?: Clock;
  readonly reportFault: (error: unknown) => void;
}

/**
 * The log of a service in files that people and programs read: copied from the log that the runtime writes, each
 * line once, whenever the server is killed. The files are cut back to what was noted last, and go on from there.
 */
export class ServiceLog {
  readonly #parts: ServiceLogParts;
  readonly #clock: Clock;
  readonly #files: LineFiles;
  readonly #turns = new Turns();
  readonly #waiting = new Set<() => void>();
  #note: LogNote;

  private constructor(parts: ServiceLogParts, note: LogNote, files: LineFiles) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    this.#note = note;
    this.#files = files;
  }

  /** Puts right what a killed server left. */
  static async open(parts: ServiceLogParts): Promise<ServiceLog> {
    const { logId, path, notePath, limits } = parts;
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await mkdir(dirname(notePath), { recursive: true, mode: 0o700 });
    const found = await readNote(notePath);
    const fresh: LogNote = { logId, cursor: 0, held: [], position: 0, base: 0 };
    // Another log is that of an earlier service of the same name: its lines stay.
    const note = found?.logId === logId ? found : { ...fresh, ...positionsOf(found) };
    const files = new LineFiles(path, limits.files, note);
    await files.open();
    return new ServiceLog(parts, { ...note, base: files.base }, files);
  }

  /** Where the next line will be written, counted over all files. */
  get position(): number {
    return this.#note.position;
  }

  /** Up to where in its log all is written. */
  get cursor(): number {
    return this.#note.cursor;
  }

  /**
   * Writes what is in the log and what comes, up to the position that `end` tells: there a process has ended, and
   * an unfinished line with it. One copy at a time: a further one begins when this is done.
   * @param signal ends it at once; it can be gone on with
   * @returns the position where what it has written ends
   */
  copy({ end, signal }: { end: Promise<number>; signal: AbortSignal }): Promise<number> {
    return this.#turns.run('copy', async () => {
      while (!signal.aborted) {
        try {
          await this.#copy(end, signal);
          break;
        } catch (error) {
          // A full disk, most likely. The log itself waits.
          this.#parts.reportFault(error);
          this.#files.takeBack(this.#note.position);
          await delay(this.#parts.limits.retryMs, undefined, { signal }).catch(() => {});
        }
      }
      return this.#note.position;
    });
  }

  /** Resolves when all up to this cursor is written, or the signal fires. */
  async written(cursor: number, signal: AbortSignal): Promise<void> {
    while (this.#note.cursor < cursor && !signal.aborted) await this.changed(signal);
  }

  /**
   * Reads what is written: the last `lines` lines, or all that are kept, and what follows. To be closed.
   * It sees no line twice, and misses none but those that rotation has removed before it came to them.
   */
  async reader(lines?: number): Promise<LineReader> {
    const end = this.#note.position;
    const position = lines === undefined ? 0 : await positionOfLast(this.#files, lines, end, this.#inTurn);
    return new LineReader(this.#files, position, this.#inTurn);
  }

  /** Settles when something was written, or the signal fires. */
  async changed(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#waiting.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    if (signal.aborted) resolve();
    await promise;
    this.#waiting.delete(wake);
    signal.removeEventListener('abort', wake);
  }

  /** Lets go of its file, once no copy is under way. It may be used further. */
  async close(): Promise<void> {
    await this.#turns.allSettled();
    await this.#files.close();
  }

  async #copy(end: Promise<number>, signal: AbortSignal): Promise<void> {
    const { logs, logId, limits } = this.#parts;
    const { cursor: after, held } = this.#note;
    const batchBytes = Math.min(Math.ceil(limits.maxFileBytes / 4), maxWriteBytes);
    const writer = new BatchWriter(batch => this.#inTurn(() => this.#write(batch)), batchBytes);
    const batches = joinedOutput(logs, logId, {
      after,
      held,
      end,
      signal: AbortSignal.any([signal, writer.failed]),
      limits: limits.joining,
      clock: this.#clock,
      batchBytes,
      atSignal: 'keep',
    });
    try {
      for await (const batch of batches) await writer.add(batch);
    } finally {
      // Another attempt begins where this one ended.
      await writer.finish();
    }
  }

  async #write({ output, cursor, held }: OutputBatch): Promise<void> {
    const files = this.#files;
    const lines = Buffer.from(formatLines(output));
    if (lines.length > 0) {
      if (files.currentBytes > 0 && files.currentBytes + lines.length > this.#parts.limits.maxFileBytes) {
        await files.rotate();
        await this.#writeNote({ ...this.#note, base: files.base });
      }
      await files.append(lines);
      const { position, base } = files;
      await this.#writeNote({ ...this.#note, cursor, held, position, base });
    }
    // Read again from what was noted last, nothing would come of what came since.
    this.#note = { ...this.#note, cursor, held };
    for (const wake of this.#waiting) wake();
  }

  async #writeNote(note: LogNote): Promise<void> {
    await writeNote(this.#parts.notePath, note);
    this.#note = note;
  }

  readonly #inTurn: InTurn = task => this.#turns.run('files', task);
}

function positionsOf(note: LogNote | undefined): Partial<LogNote> {
  return note === undefined ? {} : { position: note.position, base: note.base };
}
