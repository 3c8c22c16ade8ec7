import type { OutgoingEvent } from '../../../engine/index.ts';
import { statusNames } from '../instances/statuses.ts';

/** What whoever asked for events is told. */
export function eventBody(event: OutgoingEvent): object {
  const { subjectId: id, deploymentId, kind, accountName: user, wasReserved, privateKey } = event;
  if (kind === 'expired' || kind === 'dissolved') {
    return { id, kind: 'reservation status', val: kind.toUpperCase(), user };
  }
  return {
    id,
    wd: deploymentId,
    kind: 'instance status',
    val: statusNames[kind],
    user,
    ...(kind === 'starting' && wasReserved && { reservation: true }),
    ...(privateKey !== undefined && { sshkey: privateKey }),
  };
}
