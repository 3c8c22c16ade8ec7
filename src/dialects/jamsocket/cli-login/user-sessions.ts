import type { FastifyInstance, onRequestAsyncHookHandler } from 'fastify';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, ownerNamed } from '../access.ts';
import { ok } from '../answers.ts';
import type { JamsocketParts } from '../parts.ts';

interface SessionRoute {
  Params: { uuid: string };
}

/** Logging out. */
export function userSessionRoutes(
  app: FastifyInstance,
  { identity }: JamsocketParts,
  access: AccessChecks,
): void {
  const ownSession: onRequestAsyncHookHandler = async request => {
    const { uuid } = request.params as SessionRoute['Params'];
    const session = await identity.sessions.get(uuid);
    if (session === undefined) throw new BerthError('not-found', 'session not found');
    await ownerNamed(identity, request, session.accountId, 'the session');
  };
  const options = {
    onRequest: [...access.token, ownSession],
    schema: { summary: 'End a session; its token is dead at once' },
  };

  for (const path of ['/user-session/:uuid', '/user_session/:uuid']) {
    app.post<SessionRoute>(`${path}/delete`, options, async request => {
      await identity.sessions.end({ id: request.params.uuid });
      return ok;
    });
    app.delete<SessionRoute>(path, options, async request => {
      await identity.sessions.end({ id: request.params.uuid });
      return ok;
    });
  }
}
