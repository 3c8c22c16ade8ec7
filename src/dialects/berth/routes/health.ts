import type { FastifyInstance } from 'fastify';
import type { BerthParts } from '../parts.ts';

export function healthRoutes(app: FastifyInstance, { version, checkReadiness }: BerthParts): void {
  app.get('/healthz', { schema: { summary: 'The process is up' } }, async () => ({ status: 'ok', version }));

  app.get(
    '/openapi.json',
    { schema: { summary: 'This document' } },
    async () => await app.apiDocument.write(),
  );

  app.get('/readyz', { schema: { summary: 'Store and runtime answer' } }, async (_, reply) => {
    try {
      await checkReadiness();
      return { status: 'ok' };
    } catch (error) {
      reply.code(503).header('retry-after', '1');
      return { status: 'unavailable', reason: (error as Error).message };
    }
  });
}
