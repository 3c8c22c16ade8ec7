import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import SqliteConnection, { type Database as Connection } from 'better-sqlite3';
import type { Compilable } from 'kysely';
import type { Clock } from '../../lib/clock.ts';
import { BerthError } from '../../lib/errors.ts';
import { migrations } from '../migrations/index.ts';
import { claimExclusively } from './exclusive.ts';
import { migrate } from './migrate.ts';
import { prepare, type Statement } from './statement.ts';
import { type Durability, WriteQueue } from './write-queue.ts';

/** How long a write waits for another process (a backup, say) that is writing, ms. */
const busyTimeoutMs = 5_000;

/**
 * The one connection. Reads run at once and writes as whole batches, both synchronously, so that a read never
 * sees a write that is not committed.
 */
export class Database {
  readonly #connection: Connection;
  readonly #claim: Connection;
  readonly #writes: WriteQueue;

  private constructor(connection: Connection, claim: Connection) {
    this.#connection = connection;
    this.#claim = claim;
    this.#writes = new WriteQueue(connection);
  }

  /**
   * Opens or makes the database file, readable by its owner only, and brings it up to date.
   * @throws {BerthError} `unsupported` when another server has it open, or a newer one has written it
   */
  static async open(path: string, clock: Clock): Promise<Database> {
    const lockPath = `${path}.lock`;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // SQLite gives its -wal and -shm files the mode of this one.
    for (const file of [path, lockPath]) await (await open(file, 'a', 0o600)).close();

    const claim = claimExclusively(lockPath);
    const connection = new SqliteConnection(path, { timeout: busyTimeoutMs });
    try {
      connection.pragma('journal_mode = wal');
      connection.pragma('foreign_keys = on');
      connection.pragma('synchronous = full');
      migrate(connection, migrations, clock);
      return new Database(connection, claim);
    } catch (error) {
      connection.close();
      claim.close();
      const { code } = error as { code?: string };
      if (code !== 'SQLITE_NOTADB' && code !== 'SQLITE_CORRUPT') throw error;
      throw new BerthError(
        'unsupported',
        `${path} is damaged, or not a database; restore a backup, or choose another data folder`,
        { cause: error },
      );
    }
  }

  prepare<Parameters extends object, Row>(
    build: (parameters: Parameters) => Compilable<Row>,
  ): Statement<Parameters, Row> {
    return prepare(this.#connection, build);
  }

  /** Runs `work` in a transaction; what it throws rolls it back and rejects. Resolves once committed. */
  write<Result>(durability: Durability, work: () => Result): Promise<Result> {
    return this.#writes.add(durability, work);
  }

  /** Finishes what was asked for before. */
  async close(): Promise<void> {
    await this.#writes.close();
    this.#connection.close();
    this.#claim.close();
  }
}
