import type { FastifyInstance } from 'fastify';
import { clientGone } from '../../../http/index.ts';
import { type AccessChecks, subject } from '../access.ts';
import type { JamsocketParts } from '../parts.ts';
import { type SpawnBody, serviceParams, spawnBody } from '../schemas.ts';
import { identityVariables } from '../spawning.ts';
import type { BackendUrls } from '../urls.ts';
import { spawnResult } from './spawn-result.ts';

export function spawnRoutes(
  app: FastifyInstance,
  { engine }: JamsocketParts,
  access: AccessChecks,
  urls: BackendUrls,
): void {
  app.post<{ Body: SpawnBody }>(
    '/user/:account/service/:service/spawn',
    {
      onRequest: [...access.service],
      schema: { summary: 'Spawn a backend of a service', params: serviceParams, body: spawnBody },
    },
    async (request, reply) => {
      const { body } = request;
      const spawned = await engine.backends.spawn({
        account: subject(request, 'account'),
        service: subject(request, 'service'),
        access: body.require_bearer_token ? 'token' : 'open',
        identity: identityVariables,
        signal: clientGone(reply),
        ...(body.service_environment !== undefined && { environment: body.service_environment }),
        ...(body.lock !== undefined && { lock: { name: body.lock, scope: 'account', field: 'lock' } }),
        ...(body.env !== undefined && { env: body.env }),
        ...(body.tag !== undefined && { imageTag: body.tag }),
        ...(body.grace_period_seconds !== undefined && { graceMs: body.grace_period_seconds * 1000 }),
      });
      return spawnResult(engine, urls, spawned);
    },
  );
}
