import { appendFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, systemClock } from '../lib/clock.ts';
import { isDnsLabel } from '../lib/dns-label.ts';
import { BerthError } from '../lib/errors.ts';
import { Turns } from '../lib/turns.ts';
import { defaultLogLimits, type LogLimits, reopenGraceMs, reopenPollMs, reopenTimeoutMs } from './limits.ts';
import type {
  LogEntry,
  LogGap,
  LogPiece,
  LogReadOptions,
  Logs,
  LogWriter,
  PieceReadOptions,
} from './logs.ts';
import { readLog } from './read-log.ts';
import { endOf, readPieces } from './read-pieces.ts';
import { encodeRecords, recordTime } from './record.ts';
import { RecordWriter } from './record-writer.ts';
import { endsInNewline, SegmentWriter } from './segment-writer.ts';
import { Segments } from './segments.ts';

export interface FileLogsOptions {
  /** Absolute path of the folder that holds a folder per log. */
  readonly root: string;
  readonly limits?: Partial<LogLimits>;
  readonly clock?: Clock;
}

export class FileLogs implements Logs {
  readonly #root: string;
  readonly #limits: LogLimits;
  readonly #clock: Clock;
  /** Whatever appends to a log or renames its files. */
  readonly #turns = new Turns();
  readonly #written = new Set<string>();

  constructor(options: FileLogsOptions) {
    this.#root = options.root;
    this.#limits = { ...defaultLogLimits, ...options.limits };
    this.#clock = options.clock ?? systemClock;
  }

  async create(id: string): Promise<string> {
    const segments = this.#segments(id);
    await mkdir(segments.folder, { recursive: true, mode: 0o700 });
    return segments.activePath;
  }

  /**
   * Safe at any time but one: conmon writes in place, not at the end, once it has opened the file anew for a
   * rotation, and overwrites a note that comes before its own last line.
   */
  async note(id: string, text: string): Promise<void> {
    const segments = this.#segments(id);
    const line = `${text.trimEnd().replaceAll(/\r\n?/g, '\n')}\n`;
    const records = encodeRecords('stderr', Buffer.from(line), recordTime(this.#clock.now()));
    await this.create(id);
    await this.#turns.run(id, async () => {
      const path = (await segments.growing())?.path;
      const isWhole = path === undefined || (await endsSoon(path));
      const bytes = isWhole ? records : Buffer.concat([Buffer.from('\n'), records]);
      await appendFile(path ?? segments.activePath, bytes, { mode: 0o600 });
    });
  }

  writer(id: string): LogWriter {
    const segments = this.#segments(id);
    if (this.#written.has(id)) throw new Error(`the log ${id} has a writer already`);
    this.#written.add(id);
    const file = new SegmentWriter(segments, this.#limits);
    const append = (records: readonly Buffer[]) => this.#turns.run(id, () => file.append(records));
    return new RecordWriter(this.#clock, append, async () => {
      this.#written.delete(id);
      await this.#turns.run(id, () => file.close());
    });
  }

  read(id: string, options: LogReadOptions): AsyncIterable<LogEntry> {
    const segments = this.#segments(id);
    return leavable(options.signal, signal =>
      readLog(segments, this.#limits.maxLineBytes, { ...options, signal }),
    );
  }

  readPieces(id: string, options: PieceReadOptions): AsyncIterable<readonly (LogPiece | LogGap)[]> {
    const segments = this.#segments(id);
    return leavable(options.signal, signal => readPieces(segments, { ...options, signal }));
  }

  end(id: string): Promise<number> {
    return endOf(this.#segments(id));
  }

  async rotate(id: string, reopen: () => Promise<boolean>): Promise<number> {
    const segments = this.#segments(id);
    // Our own writer rotates by itself.
    if (this.#written.has(id)) return 0;
    return this.#turns.run(id, async () => {
      const growing = await segments.growing();
      if (growing === undefined) return 0;
      if (growing.path === segments.activePath) {
        if (growing.bytes >= this.#limits.segmentBytes) {
          await rename(segments.activePath, segments.path(growing.base));
          await this.#reopen(segments, reopen);
        }
      } else if (!(await becomesActive(segments, reopenGraceMs))) {
        await this.#reopen(segments, reopen);
      }
      await segments.drop(this.#limits.totalBytes);
      return growing.base + growing.bytes;
    });
  }

  async size(id: string): Promise<number> {
    return this.#segments(id).bytes();
  }

  async remove(id: string): Promise<void> {
    const { folder } = this.#segments(id);
    await this.#turns.run(id, () => rm(folder, { recursive: true, force: true }));
  }

  async list(): Promise<string[]> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    const entries = await readdir(this.#root, { withFileTypes: true });
    return entries.filter(entry => entry.isDirectory() && isDnsLabel(entry.name)).map(entry => entry.name);
  }

  async #reopen(segments: Segments, reopen: () => Promise<boolean>): Promise<void> {
    // A log that nobody writes any more is fine without an active file.
    if (!(await reopen())) return;
    if (await becomesActive(segments, reopenTimeoutMs)) return;
    throw new Error(`the writer of the log did not open it anew within ${reopenTimeoutMs} ms`);
  }

  #segments(id: string): Segments {
    if (!isDnsLabel(id)) throw new BerthError('invalid', 'the id of a log must be a DNS label');
    return new Segments(join(this.#root, id));
  }
}

/** A generator that waits for more would end only after the next entry: whoever leaves it stops the waiting. */
function leavable<T>(
  signal: AbortSignal | undefined,
  generate: (signal: AbortSignal) => AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  const left = new AbortController();
  const entries = generate(signal ? AbortSignal.any([signal, left.signal]) : left.signal);
  const end = entries.return.bind(entries);
  entries.return = value => {
    left.abort();
    return end(value);
  };
  return entries;
}

async function becomesActive(segments: Segments, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!(await segments.list()).hasActive) {
    if (performance.now() >= deadline) return false;
    await delay(reopenPollMs);
  }
  return true;
}

/** Whether the file ends in a whole record now, or as soon as a write that is under way is done. */
async function endsSoon(path: string): Promise<boolean> {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await endsInNewline(path)) return true;
    await delay(reopenPollMs);
  }
  return endsInNewline(path);
}
