import type { FastifyInstance } from 'fastify';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, subject } from '../access.ts';
import type { JamsocketParts } from '../parts.ts';
import { serviceParams, type TerminateBackendsBody, terminateBackendsBody } from '../schemas.ts';

export function terminateBackendsRoutes(
  app: FastifyInstance,
  { engine }: JamsocketParts,
  access: AccessChecks,
): void {
  app.post<{ Body: TerminateBackendsBody }>(
    '/service/:account/:service/terminate-backends',
    {
      onRequest: [...access.service],
      schema: {
        summary: 'Ask the older backends of a service to end',
        params: serviceParams,
        body: terminateBackendsBody,
      },
    },
    async request => {
      const { before, hard = false, dry_run: dryRun = false } = request.body;
      const time = new Date(before);
      if (Number.isNaN(time.getTime()))
        throw new BerthError('invalid', `before: ${before} is no ISO 8601 time`);
      const old = engine.backends.listOlder(subject(request, 'service'), time);
      if (dryRun) return { backend_count: old.length, terminated_count: 0, is_complete: true };
      const asked = await engine.backends.terminateAll(old, hard ? 'hard' : 'soft');
      return { backend_count: old.length, terminated_count: asked, is_complete: true };
    },
  );
}
