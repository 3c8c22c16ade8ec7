import type { FastifyInstance } from 'fastify';
import { clientGone } from '../../../http/index.ts';
import { type AccessChecks, ownerNamed, subject } from '../access.ts';
import { ok } from '../answers.ts';
import type { JamsocketParts } from '../parts.ts';
import { type SpawnTokenBody, serviceParams, spawnTokenBody } from '../schemas.ts';
import { identityVariables } from '../spawning.ts';
import { allowAllOrigins, answerPreflight } from '../statuses.ts';
import type { BackendUrls } from '../urls.ts';
import { spawnResult } from './spawn-result.ts';

interface TokenRoute {
  Params: { token: string };
}

export function spawnTokenRoutes(
  app: FastifyInstance,
  { engine, identity }: JamsocketParts,
  access: AccessChecks,
  urls: BackendUrls,
): void {
  app.post<{ Body: SpawnTokenBody }>(
    '/user/:account/service/:service/token',
    {
      onRequest: [...access.service],
      schema: {
        summary: 'Make a token that spawns this service',
        params: serviceParams,
        body: spawnTokenBody,
      },
    },
    async request => {
      const { grace_period_seconds: graceSeconds, tag } = request.body;
      const token = await engine.spawnTokens.create(subject(request, 'service'), {
        ...(graceSeconds !== undefined && { graceMs: graceSeconds * 1000 }),
        ...(tag !== undefined && { imageTag: tag }),
      });
      return { token };
    },
  );

  app.delete<TokenRoute>(
    '/token/:token',
    { onRequest: [...access.token], schema: { summary: 'Revoke a spawn token' } },
    async request => {
      const { token } = request.params;
      const { service } = await engine.spawnTokens.resolve(token);
      await ownerNamed(identity, request, service.accountId, 'the spawn token');
      await engine.spawnTokens.revoke(token);
      return ok;
    },
  );

  app.post<TokenRoute>(
    '/token/:token/spawn',
    {
      config: { anyOrigin: true },
      onRequest: [allowAllOrigins],
      schema: { summary: 'Spawn by a spawn token' },
    },
    async (request, reply) => {
      const { service, preset } = await engine.spawnTokens.resolve(request.params.token);
      const account = await identity.accountById(service.accountId);
      if (account === undefined) throw new Error(`service ${service.id} has no account`);
      const spawned = await engine.backends.spawn({
        account,
        service,
        ...preset,
        access: 'open',
        identity: identityVariables,
        signal: clientGone(reply),
      });
      return spawnResult(engine, urls, spawned);
    },
  );
  answerPreflight(app, '/token/:token/spawn');
}
