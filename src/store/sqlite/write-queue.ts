import type { Database as Connection } from 'better-sqlite3';
import { BerthError } from '../../lib/errors.ts';

/**
 * `power-cut`: on the disk when it resolves (`synchronous=FULL`). `kill`: with the operating system, which
 * outlives the server (`synchronous=NORMAL`, no wait for the disk).
 */
export type Durability = 'power-cut' | 'kill';

/** Writes per transaction: they block the event loop together. */
const maxBatch = 64;

interface Write {
  readonly durability: Durability;
  /**
   * Runs inside the transaction. Returns how to report its outcome once that is committed.
   * @throws when the whole transaction is lost
   */
  attempt(): () => void;
  reject(error: unknown): void;
}

/**
 * Runs writes one after the other in the order they came. Those that wait share a transaction, and so one
 * wait for the disk; each has a savepoint, so that one that fails leaves the others alone.
 */
export class WriteQueue {
  readonly #connection: Connection;
  readonly #waiting: Write[] = [];
  readonly #runBatch: (batch: readonly Write[]) => (() => void)[];
  readonly #runAlone: (work: () => unknown) => unknown;
  #durability: Durability | undefined;
  #scheduled = false;
  #closed: PromiseWithResolvers<void> | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    const runBatch = connection.transaction((batch: readonly Write[]) => batch.map(write => write.attempt()));
    this.#runBatch = batch => runBatch.immediate(batch);
    // Nested in a batch it is a savepoint.
    this.#runAlone = connection.transaction((work: () => unknown) => work());
  }

  add<Result>(durability: Durability, work: () => Result): Promise<Result> {
    if (this.#closed !== undefined) return Promise.reject(new Error('the store is closed'));
    return new Promise<Result>((resolve, reject) => {
      const attempt = (): (() => void) => {
        try {
          const result = this.#runAlone(work) as Result;
          return () => resolve(result);
        } catch (error) {
          // A full disk, for example, makes SQLite roll back the whole transaction.
          if (!this.#connection.inTransaction) throw error;
          return () => reject(error);
        }
      };
      this.#waiting.push({ durability, attempt, reject });
      this.#schedule();
    });
  }

  /** Resolves when the last write is done; none is taken any more. */
  close(): Promise<void> {
    this.#closed ??= Promise.withResolvers();
    this.#schedule();
    return this.#closed.promise;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After the events at hand, which may bring more writes for the same transaction.
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const batch = this.#waiting.splice(0, maxBatch);
    if (batch.length > 0) this.#commit(batch);
    if (this.#waiting.length > 0) this.#schedule();
    else this.#closed?.resolve();
  }

  #commit(batch: readonly Write[]): void {
    let reports: (() => void)[];
    try {
      this.#use(batch.some(write => write.durability === 'power-cut') ? 'power-cut' : 'kill');
      reports = this.#runBatch(batch);
    } catch (error) {
      const told = isDiskFull(error)
        ? new BerthError('no-capacity', 'the disk of the server is full')
        : error;
      for (const write of batch) write.reject(told);
      return;
    }
    for (const report of reports) report();
  }

  #use(durability: Durability): void {
    if (this.#durability === durability) return;
    this.#connection.pragma(`synchronous = ${durability === 'power-cut' ? 'full' : 'normal'}`);
    this.#durability = durability;
  }
}

function isDiskFull(error: unknown): boolean {
  const { code = '' } = error as { code?: string };
  return code === 'SQLITE_FULL' || code.startsWith('SQLITE_IOERR_WRITE');
}
