import type { FastifyInstance } from 'fastify';
import type { Backend } from '../../../engine/index.ts';
import type { Account } from '../../../identity/index.ts';
import { type AccessChecks, subject } from '../access.ts';
import type { JamsocketParts, JamsocketSettings } from '../parts.ts';
import { accountParams, backendParams } from '../schemas.ts';
import { fullState } from './states.ts';

export function backendRoutes(
  app: FastifyInstance,
  { engine, settings }: JamsocketParts,
  access: AccessChecks,
): void {
  app.get(
    '/account/:account/backends',
    { onRequest: [...access.account], schema: { summary: 'List running backends', params: accountParams } },
    async request => {
      const account = subject(request, 'account');
      const running = engine.backends.listLive(account);
      return {
        running_backends: running.map(backend => ({
          ...commonFields(backend, account, settings),
          status: fullState(backend.latest),
        })),
      };
    },
  );

  app.get(
    '/backend/:backend',
    { onRequest: [...access.backend], schema: { summary: 'Describe a backend', params: backendParams } },
    async request => {
      const backend = subject(request, 'backend');
      const { memoryBytes } = backend.plan.limits;
      const history = await engine.journal.history(backend.id);
      return {
        ...commonFields(backend, subject(request, 'account'), settings),
        statuses: history.map(fullState),
        image_digest: backend.imageDigest ?? '-',
        environment_name: backend.environmentName,
        ...(memoryBytes !== undefined && { max_mem_bytes: memoryBytes }),
      };
    },
  );
}

function commonFields(backend: Backend, account: Account, { clusterName }: JamsocketSettings) {
  return {
    id: backend.id,
    created_at: backend.createdAt,
    service_name: backend.serviceName,
    cluster_name: clusterName,
    account_name: account.name,
    ...(backend.lock && { key: backend.lock.name }),
  };
}
