import type { Clock } from '../lib/clock.ts';
import { writeBatchBytes } from './limits.ts';
import type { LogStream, LogWriter } from './logs.ts';
import { encodeRecords, recordTime } from './record.ts';

interface Batch {
  readonly records: Buffer[];
  bytes: number;
  readonly written: Promise<void>;
  readonly settle: (outcome: Promise<void>) => void;
}

/** Makes records of output in the order of its arrival; what arrives during a write goes into the next one. */
export class RecordWriter implements LogWriter {
  readonly #clock: Clock;
  readonly #append: (records: readonly Buffer[]) => Promise<void>;
  readonly #closeFile: () => Promise<void>;
  readonly #midLine = new Set<LogStream>();
  readonly #queue: Batch[] = [];
  #draining: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    clock: Clock,
    append: (records: readonly Buffer[]) => Promise<void>,
    closeFile: () => Promise<void>,
  ) {
    this.#clock = clock;
    this.#append = append;
    this.#closeFile = closeFile;
  }

  async write(stream: LogStream, chunk: Uint8Array): Promise<void> {
    if (this.#closed !== undefined) throw new Error('the log writer is closed');
    if (chunk.length === 0) return;
    if (chunk.at(-1) === 0x0a) this.#midLine.delete(stream);
    else this.#midLine.add(stream);
    await this.#enqueue(encodeRecords(stream, chunk, recordTime(this.#clock.now())));
  }

  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    const newline = Buffer.from('\n');
    const time = recordTime(this.#clock.now());
    const ends = [...this.#midLine].map(stream => this.#enqueue(encodeRecords(stream, newline, time)));
    try {
      await Promise.all(ends);
      await this.#draining;
    } finally {
      await this.#closeFile();
    }
  }

  async #enqueue(records: Buffer): Promise<void> {
    let batch = this.#queue.at(-1);
    if (batch === undefined || batch.bytes >= writeBatchBytes) {
      const { promise, resolve } = Promise.withResolvers<void>();
      batch = { records: [], bytes: 0, written: promise, settle: resolve };
      this.#queue.push(batch);
    }
    batch.records.push(records);
    batch.bytes += records.length;
    this.#draining ??= this.#drain();
    await batch.written;
  }

  async #drain(): Promise<void> {
    for (let batch = this.#queue.shift(); batch !== undefined; batch = this.#queue.shift()) {
      const outcome = this.#append(batch.records);
      batch.settle(outcome);
      await outcome.catch(() => undefined);
    }
    this.#draining = undefined;
  }
}
