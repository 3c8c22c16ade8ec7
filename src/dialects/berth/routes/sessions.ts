import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { Principal, Session } from '../../../identity/index.ts';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, accountNamed, principalOf } from '../access.ts';
import type { BerthParts } from '../parts.ts';

const accountQuery = Type.Object({
  account: Type.Optional(Type.String({ description: 'another account than the own; administrators only' })),
});
type AccountQuery = Type.Static<typeof accountQuery>;

export function sessionRoutes(app: FastifyInstance, { identity }: BerthParts, access: AccessChecks): void {
  app.get<{ Querystring: AccountQuery }>(
    '/berth/v1/sessions',
    {
      onRequest: [...access.token],
      schema: { summary: 'List sessions, newest first', querystring: accountQuery },
    },
    async request => {
      const principal = principalOf(request);
      const account = await ownAccount(principal, request.query.account);
      const sessions = await identity.sessions.list(account);
      return { sessions: sessions.map(session => shape(session, principal)) };
    },
  );

  app.delete<{ Params: { id: string }; Querystring: AccountQuery }>(
    '/berth/v1/sessions/:id',
    { onRequest: [...access.token], schema: { summary: 'End a session', querystring: accountQuery } },
    async request => {
      const account = await ownAccount(principalOf(request), request.query.account);
      const session = await identity.sessions.get(request.params.id);
      if (session?.accountId !== account.id) throw new BerthError('not-found', 'session not found');
      await identity.sessions.end(session);
      return { status: 'ok' };
    },
  );

  /** Members of an organisation act for it, but sessions are a person's own. */
  async function ownAccount(principal: Principal, name?: string) {
    if (name !== undefined && name !== principal.account.name && !principal.isAdmin) {
      throw new BerthError('forbidden', 'sessions of others are for administrators');
    }
    return await accountNamed(identity, principal, name);
  }
}

function shape(session: Session, { session: current }: Principal) {
  return {
    id: session.id,
    kind: session.kind,
    user_agent: session.userAgent,
    created_at: session.createdAt,
    expires_at: session.expiresAt,
    is_current: session.id === current?.id,
  };
}
