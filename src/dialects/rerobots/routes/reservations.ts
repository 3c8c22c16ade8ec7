import type { FastifyInstance } from 'fastify';
import type { BlockedReason, QueueTarget, ReservationView } from '../../../engine/index.ts';
import { type AccessChecks, signedInCaller } from '../access.ts';
import { RerobotsError } from '../errors.ts';
import type { RerobotsParts } from '../parts.ts';
import { minuteStamp, timestamp } from '../times.ts';

const blockedTexts: Readonly<Record<BlockedReason, string>> = {
  denied: 'permission denied',
  locked: 'locked out',
  offline: 'offline',
  'too-many-active': 'too many active instances',
};

/** Places in the queue of whoever asks. */
export function reservationRoutes(
  app: FastifyInstance,
  { engine }: RerobotsParts,
  access: AccessChecks,
): void {
  const { queue } = engine.workspaces;
  const options = (summary: string) => ({
    onRequest: [...access.token],
    exposeHeadRoute: false,
    schema: { summary },
  });

  app.get('/reservations', options('List your reservations, oldest first'), async request => {
    const { accountId, isExempt } = signedInCaller(request);
    return { reservations: (await queue.list(isExempt ? undefined : accountId)).map(shape) };
  });

  app.delete<{ Params: { id: string } }>(
    '/reservation/:id',
    options('Delete a reservation'),
    async (request, reply) => {
      const { accountId, isExempt } = signedInCaller(request);
      if (await queue.delete(request.params.id, isExempt ? undefined : accountId)) return reply.send();
      throw new RerobotsError(404, 'reservation not found');
    },
  );
}

function shape({ reservation, position, eta, blocked }: ReservationView): object {
  const { id, createdAt, account, target, expiresAt } = reservation;
  return {
    id,
    created: minuteStamp(createdAt),
    desc: descriptionOf(target),
    user: account.name,
    filter: filterOf(target),
    position: position ?? null,
    eta: eta === undefined ? null : timestamp(eta),
    ...(expiresAt && { expires: timestamp(expiresAt) }),
    ...(blocked && { blocked: blockedTexts[blocked] }),
  };
}

function descriptionOf(target: QueueTarget): string {
  if (target.kind === 'type') return `type ${target.type}`;
  return target.kind === 'one' ? `deployment ${target.ids[0]}` : `deployments ${target.ids.join(',')}`;
}

function filterOf(target: QueueTarget): string {
  if (target.kind === 'type') return `type:${target.type}`;
  return target.kind === 'one' ? `wd:${target.ids[0]}` : `wds:${target.ids.join(',')}`;
}
