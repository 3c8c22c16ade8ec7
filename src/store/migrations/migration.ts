import type { Database } from 'better-sqlite3';

/** One step of the database from one form to the next. Once released it never changes; a later one corrects it. */
export interface Migration {
  /** Rising by one from 1. */
  readonly number: number;
  /** What it is about, in kebab-case; shown in lists. */
  readonly name: string;
  /** Runs inside a transaction, together with the note that it ran. */
  up(connection: Database): void;
}
