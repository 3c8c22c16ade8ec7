import { join } from 'node:path';
import SqliteConnection from 'better-sqlite3';

/** One step of a workload, as the store has it: the published API has no exit codes. */
export interface Step {
  readonly status: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason: string | null;
  readonly kind: string | null;
  readonly exitCode: number | null;
}

/** The history of a workload, oldest first; read beside the server, which may run. */
export function journalOf(dataDir: string, id: string): Step[] {
  const connection = new SqliteConnection(join(dataDir, 'berth.db'), { readonly: true });
  try {
    const select = connection.prepare<[string], Step>(
      'select status, at, reason, kind, exit_code as exitCode from journal where workload_id = ? order by seq',
    );
    return select.all(id);
  } finally {
    connection.close();
  }
}

/** The last step. */
export function endOf(dataDir: string, id: string): Step | undefined {
  return journalOf(dataDir, id).at(-1);
}
