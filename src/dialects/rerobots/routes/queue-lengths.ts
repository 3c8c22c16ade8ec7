import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { DeploymentView } from '../../../engine/index.ts';
import { systemClock } from '../../../lib/clock.ts';
import { type AccessChecks, signedInCaller } from '../access.ts';
import { RerobotsError } from '../errors.ts';
import type { RerobotsParts } from '../parts.ts';
import { type Query, textOf } from '../query.ts';

/** How long queues are for those who may wait in them. */
export function queueLengthRoutes(
  app: FastifyInstance,
  { engine, clock = systemClock }: RerobotsParts,
  access: AccessChecks,
): void {
  const options = { onRequest: [...access.token], exposeHeadRoute: false };
  const viewsOf = (request: FastifyRequest) => engine.workspaces.views(signedInCaller(request));

  app.get(
    '/qlen',
    { ...options, schema: { summary: 'Tell the queue lengths of deployments' } },
    async request => {
      const ids = new Set(
        (textOf(request.query as Query, 'wds') ?? '')
          .split(',')
          .map(id => id.trim().toLowerCase())
          .filter(id => id !== ''),
      );
      if (ids.size === 0) throw new RerobotsError(404, 'no wds given');
      const views = (await viewsOf(request)).filter(({ deployment }) => ids.has(deployment.id));
      if (views.length < ids.size) throw unknown(ids.size);
      return lengths(views, clock.now());
    },
  );

  app.get<{ Params: { wtype: string } }>(
    '/qlen/:wtype',
    { ...options, schema: { summary: 'Tell the queue lengths of all deployments of a type' } },
    async request => {
      const { wtype } = request.params;
      const all = (await viewsOf(request)).filter(({ deployment }) => deployment.type === wtype);
      if (all.length === 0) throw unknown(1);
      const present = all.filter(({ deployment }) => deployment.dissolvedAt === undefined);
      return lengths(present.length > 0 ? present : all, clock.now());
    },
  );
}

function unknown(asked: number): RerobotsError {
  return new RerobotsError(
    404,
    asked === 1 ? 'no matching wdeployment found' : 'some given IDs have no matching wdeployment',
  );
}

function lengths(views: readonly DeploymentView[], now: Date): object {
  if (views.some(({ deployment }) => deployment.dissolvedAt !== undefined)) {
    throw new RerobotsError(400, 'workspace deployment is permanently unavailable');
  }
  const unlocked = views.filter(({ deployment }) => !deployment.isLocked);
  const permitted = unlocked.filter(({ isPermitted }) => isPermitted);
  if (unlocked.length > 0 && permitted.length === 0) throw new RerobotsError(403, 'permission denied');
  const online = permitted.filter(({ isOnline }) => isOnline);
  if (permitted.length > 0 && online.length === 0) {
    throw new RerobotsError(503, 'workspace deployment temporarily unavailable, try again later');
  }
  return Object.fromEntries(
    online.map(({ deployment, queueLength, active }) => [
      deployment.id,
      { qlen: queueLength, rem: remainingSeconds(active?.expiresAt, now) },
    ]),
  );
}

function remainingSeconds(expiresAt: Date | undefined, now: Date): number | null {
  if (expiresAt === undefined) return null;
  return Math.max(0, Math.floor((expiresAt.getTime() - now.getTime()) / 1_000));
}
