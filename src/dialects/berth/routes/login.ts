import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { Principal } from '../../../identity/index.ts';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, principalOf } from '../access.ts';
import type { BerthParts } from '../parts.ts';

const loginBody = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200 }),
  password: Type.String({ minLength: 1, maxLength: 4_096 }),
});

/** Logging in and out with a browser. */
export function loginRoutes(
  app: FastifyInstance,
  { identity, cookie }: BerthParts,
  access: AccessChecks,
): void {
  app.post<{ Body: Type.Static<typeof loginBody> }>(
    '/berth/v1/login',
    {
      // A page of somebody else's must not log anybody in, either.
      onRequest: async request => cookie.checkOrigin(request),
      schema: { summary: 'Log in with a password; the session is a cookie', body: loginBody },
    },
    async (request, reply) => {
      const { session, secret } = await identity.passwordLogin.login({
        ...request.body,
        clientAddress: request.ip,
        userAgent: request.headers['user-agent'] ?? '',
      });
      const seconds = (session.expiresAt.getTime() - session.createdAt.getTime()) / 1000;
      cookie.set(reply, secret, seconds);
      reply.header('cache-control', 'no-store');
      return { status: 'ok', csrf_token: cookie.csrfTokenOf(secret), expires_at: session.expiresAt };
    },
  );

  app.post(
    '/berth/v1/logout',
    { onRequest: [...access.token], schema: { summary: 'End the session of this request' } },
    async (request, reply) => {
      const { session } = principalOf(request);
      if (session === undefined) throw new BerthError('invalid', 'a token has no session; revoke it instead');
      await identity.sessions.end(session);
      cookie.clear(reply);
      return { status: 'ok' };
    },
  );

  app.get(
    '/berth/v1/me',
    { onRequest: [...access.token], schema: { summary: 'Who this request comes from' } },
    async (request, reply) => {
      const token = request.headers.authorization === undefined ? cookie.tokenOf(request) : undefined;
      reply.header('cache-control', 'no-store');
      return {
        ...whoIs(principalOf(request)),
        csrf_token: token === undefined ? null : cookie.csrfTokenOf(token),
      };
    },
  );
}

function whoIs({ account, accounts, role, user, session }: Principal) {
  return {
    account: account.name,
    accounts,
    role,
    email: user?.email ?? null,
    session: session === undefined ? null : { id: session.id, expires_at: session.expiresAt },
  };
}
