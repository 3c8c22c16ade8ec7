import type { FastifyInstance } from 'fastify';
import { type AccessChecks, subject } from '../access.ts';
import type { JamsocketParts } from '../parts.ts';
import { accountParams, backendParams } from '../schemas.ts';
import { backendInfo, backendItem } from './shapes.ts';
import { v1Statuses } from './states.ts';

export function backendRoutes(
  app: FastifyInstance,
  { engine, settings }: JamsocketParts,
  access: AccessChecks,
): void {
  app.get(
    '/user/:account/backends',
    { onRequest: [...access.account], schema: { summary: 'List running backends', params: accountParams } },
    async request => {
      const account = subject(request, 'account');
      const items = engine.backends.listLive(account).map(async backend => {
        const now = v1Statuses(await engine.journal.history(backend.id)).at(-1);
        return now && backendItem(backend, account, settings, now);
      });
      return { running_backends: (await Promise.all(items)).filter(item => item !== undefined) };
    },
  );

  app.get(
    '/backend/:backend',
    { onRequest: [...access.backend], schema: { summary: 'Describe a backend', params: backendParams } },
    async request => {
      const backend = subject(request, 'backend');
      const history = await engine.journal.history(backend.id);
      return backendInfo(backend, subject(request, 'account'), settings, history);
    },
  );
}
