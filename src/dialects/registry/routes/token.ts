import type { FastifyInstance } from 'fastify';
import { BerthError } from '../../../lib/errors.ts';
import type { Credentials } from '../credentials.ts';

/** Docker's token flow: credentials once, then a token that lives for minutes. */
export function tokenRoutes(app: FastifyInstance, credentials: Credentials): void {
  app.get(
    '/registry/token',
    { schema: { summary: 'A token for the registry, in exchange for Basic credentials' } },
    async (request, reply) => {
      const signedIn = await credentials.signIn(request.headers.authorization);
      if (signedIn === undefined) {
        reply.header('www-authenticate', 'Basic realm="account and token"');
        throw new BerthError('unauthenticated', 'sign in with an account and its token');
      }
      const { caller, token } = signedIn;
      if (!caller.principal.account.enabled) throw new BerthError('account-disabled', 'the user is disabled');
      const { text, issuedAt, expiresInSeconds } = credentials.issue(token, caller);
      reply.header('cache-control', 'no-store');
      return {
        token: text,
        access_token: text,
        expires_in: expiresInSeconds,
        issued_at: issuedAt.toISOString(),
      };
    },
  );
}
