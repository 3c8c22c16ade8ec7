import type { FastifyInstance } from 'fastify';
import { type AccessChecks, subject } from '../access.ts';
import { ok } from '../answers.ts';
import type { JamsocketParts } from '../parts.ts';
import { backendParams, type TerminateBody, terminateBody } from '../schemas.ts';

export function terminateRoutes(
  app: FastifyInstance,
  { engine }: JamsocketParts,
  access: AccessChecks,
): void {
  app.post<{ Body: TerminateBody }>(
    '/backend/:backend/terminate',
    {
      onRequest: [...access.backend],
      schema: { summary: 'Ask a backend to end', params: backendParams, body: terminateBody },
    },
    async request => {
      await engine.backends.terminate(subject(request, 'backend').id, request.body.hard ? 'hard' : 'soft');
      return ok;
    },
  );
}
