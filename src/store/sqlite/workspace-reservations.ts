import type { AdmissionRequest } from '../../engine/workspaces/admission.ts';
import type { InstanceOptions, QueueTarget, WorkspaceReservation, WorkspaceStore } from '../store.ts';
import type { Database } from './database.ts';
import { queries } from './statement.ts';
import { eventWriter } from './workspace-events.ts';
import type { WorkspaceReservationRow } from './workspace-schema.ts';

type Part = Pick<WorkspaceStore, 'deleteReservation' | 'expireReservations'>;

type NewReservation = Omit<WorkspaceReservation, 'seq' | 'account'> & Pick<AdmissionRequest, 'account'>;

/** For use inside a write. */
export interface Reservations {
  add(reservation: NewReservation): WorkspaceReservation;
  remove(id: string): boolean;
  /** In their order. */
  list(): WorkspaceReservation[];
  /** Takes one back and says so to who asked for it. */
  end(reservation: WorkspaceReservation, kind: 'expired' | 'dissolved', at: Date): void;
}

export function workspaceReservationStore(database: Database, reservations: Reservations): Part {
  return {
    deleteReservation: (id, accountId) =>
      database.write('power-cut', () => {
        const found = reservations.list().find(other => other.id === id);
        if (found === undefined || (accountId !== undefined && found.account.id !== accountId)) return false;
        return reservations.remove(id);
      }),
    expireReservations: now =>
      database.write('power-cut', () => {
        const over = reservations
          .list()
          .filter(({ expiresAt }) => expiresAt !== undefined && expiresAt <= now);
        for (const reservation of over) reservations.end(reservation, 'expired', now);
        return over.length;
      }),
  };
}

export function reservationRows(database: Database): Reservations {
  const tell = eventWriter(database);
  const insert = database.prepare((row: Omit<WorkspaceReservationRow, 'seq'>) =>
    queries
      .insertInto('workspace_reservations')
      .values({
        id: row.id,
        account_id: row.account_id,
        target: row.target,
        options: row.options,
        is_exempt: row.is_exempt,
        created_at: row.created_at,
        expires_at: row.expires_at,
      })
      .returning('seq'),
  );
  const all = database.prepare(() =>
    queries
      .selectFrom('workspace_reservations')
      .innerJoin('accounts', 'accounts.id', 'workspace_reservations.account_id')
      .selectAll('workspace_reservations')
      .select(['accounts.name as account_name', 'accounts.enabled as account_enabled'])
      .orderBy('seq'),
  );
  const removeRow = database.prepare((wanted: { id: string }) =>
    queries.deleteFrom('workspace_reservations').where('id', '=', wanted.id),
  );

  const remove = (id: string): boolean => removeRow.run({ id }) === 1;
  return {
    add(reservation) {
      const { id, account, target, options, isExempt, createdAt, expiresAt } = reservation;
      const row = insert.get({
        id,
        account_id: account.id,
        target: JSON.stringify(target),
        options: JSON.stringify(options),
        is_exempt: Number(isExempt),
        created_at: createdAt.getTime(),
        expires_at: expiresAt?.getTime() ?? null,
      });
      if (row === undefined) throw new Error(`reservation ${id} was not written`);
      return { ...reservation, account: { ...account, enabled: true }, seq: row.seq };
    },
    remove,
    list: () => all.all({}).map(toReservation),
    end({ id, account, options }, kind, at) {
      remove(id);
      const { eventUrl: url } = options;
      if (url === undefined) return;
      tell({ subjectId: id, accountName: account.name, kind, wasReserved: true, url, dueAt: at });
    },
  };
}

function toReservation(
  row: WorkspaceReservationRow & { readonly account_name: string; readonly account_enabled: number },
): WorkspaceReservation {
  return {
    id: row.id,
    seq: row.seq,
    account: { id: row.account_id, name: row.account_name, enabled: row.account_enabled === 1 },
    target: JSON.parse(row.target) as QueueTarget,
    options: JSON.parse(row.options) as InstanceOptions,
    isExempt: row.is_exempt === 1,
    createdAt: new Date(row.created_at),
    ...(row.expires_at !== null && { expiresAt: new Date(row.expires_at) }),
  };
}
