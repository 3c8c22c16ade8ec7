import SqliteConnection, { type Database as Connection } from 'better-sqlite3';
import { BerthError } from '../../lib/errors.ts';

/**
 * Takes a lock file, so that a second server keeps away for as long as the returned connection is open. The lock is the
 * operating system's: it ends with the process, however that ends.
 * @throws {BerthError} `unsupported` when another process has it
 */
export function claimExclusively(path: string): Connection {
  const connection = new SqliteConnection(path, { timeout: 0 });
  try {
    connection.pragma('locking_mode = exclusive');
    connection.exec('begin exclusive');
    return connection;
  } catch (error) {
    connection.close();
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
    throw new BerthError(
      'unsupported',
      `another server uses this data folder (${path}); stop it first, or choose another`,
    );
  }
}
