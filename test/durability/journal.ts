import { join } from 'node:path';
import SqliteConnection from 'better-sqlite3';

/** One step of a workload, as the store has it: the published API tells fewer of them, and no exit codes. */
export interface Step {
  readonly status: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason: string | null;
  readonly kind: string | null;
  readonly exitCode: number | null;
}

export interface History {
  readonly service: string;
  /** Oldest first. */
  readonly steps: readonly Step[];
}

/** The histories of all backends by id; read beside the server, which may run. */
export function histories(dataDir: string): Map<string, History> {
  const connection = new SqliteConnection(join(dataDir, 'berth.db'), { readonly: true });
  try {
    const select = connection.prepare<[], Step & { id: string; service: string }>(
      `select workload_id as id, service_name as service, status, at, reason, kind, exit_code as exitCode
       from journal join backends on backends.id = workload_id order by seq`,
    );
    const found = new Map<string, { service: string; steps: Step[] }>();
    for (const { id, service, ...step } of select.all()) {
      const history = found.get(id) ?? { service, steps: [] };
      found.set(id, history);
      history.steps.push(step);
    }
    return found;
  } finally {
    connection.close();
  }
}

export function journalOf(dataDir: string, id: string): readonly Step[] {
  return histories(dataDir).get(id)?.steps ?? [];
}

/** The last step. */
export function endOf(dataDir: string, id: string): Step | undefined {
  return journalOf(dataDir, id).at(-1);
}
