import { decideAdmission } from '../../engine/workspaces/admission.ts';
import { nextHandOver } from '../../engine/workspaces/hand-over.ts';
import { type QueueRecords, queueStateOf } from '../../engine/workspaces/queue-state.ts';
import type { AccessRule, InstanceOptions, WorkspaceDeployment, WorkspaceStore } from '../store.ts';
import type { Database } from './database.ts';
import { instanceBeginner, selectInstances, toInstance } from './workspace-instances.ts';
import type { Reservations } from './workspace-reservations.ts';

type Part = Pick<WorkspaceStore, 'queue' | 'admit' | 'nextReservation'>;

export interface QueueRows {
  readonly deployments: () => WorkspaceDeployment[];
  readonly rules: () => AccessRule[];
  readonly reservations: Reservations;
}

/** Who gets which workspace: decided by the engine's rules, on what is there within the transaction. */
export function workspaceQueueStore(database: Database, rows: QueueRows): Part {
  const { reservations } = rows;
  const begin = instanceBeginner(database);
  const active = database.prepare(() => selectInstances().where('ended_at', 'is', null));
  const records = (): QueueRecords => ({
    deployments: rows.deployments(),
    rules: rows.rules(),
    active: active.all({}).map(toInstance),
    reservations: reservations.list(),
  });

  return {
    queue: async () => records(),
    admit: (id, request, terms) =>
      database.write('power-cut', () => {
        const { account, options, target, isExempt, waitMs } = request;
        const decision = decideAdmission(queueStateOf(records(), terms.isOnline), request, terms);
        if (decision.kind === 'refused' || decision.kind === 'joined') return decision;
        if (decision.kind === 'starts') {
          const { deployment } = decision;
          const times = timesOf(options, terms.now);
          const begun = { id, deploymentId: deployment.id, account, options, wasReserved: false, ...times };
          return { kind: 'started', ...begin(begun, deployment) };
        }
        const expiresAt = waitMs === undefined ? undefined : new Date(terms.now.getTime() + waitMs);
        const reservation = reservations.add({
          id,
          account,
          target,
          options,
          isExempt,
          createdAt: terms.now,
          ...(expiresAt && { expiresAt }),
        });
        return { kind: 'reserved', reservation };
      }),
    nextReservation: terms =>
      database.write('power-cut', () => {
        const next = nextHandOver(queueStateOf(records(), terms.isOnline), terms, terms.now);
        if (next === undefined) return undefined;
        const { reservation, slot } = next;
        const { id, options } = reservation;
        const account = { id: reservation.account.id, name: reservation.account.name };
        reservations.remove(id);
        const times = timesOf(options, terms.now);
        const deploymentId = slot.deployment.id;
        return begin({ id, deploymentId, account, options, wasReserved: true, ...times }, slot.deployment);
      }),
  };
}

/** What an instance is given from its start on, whenever it was asked for. */
function timesOf({ expireSeconds }: InstanceOptions, now: Date) {
  const expiresAt = expireSeconds === undefined ? undefined : new Date(now.getTime() + expireSeconds * 1_000);
  return { startedAt: now, ...(expiresAt && { expiresAt }) };
}
