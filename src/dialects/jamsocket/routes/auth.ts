import type { FastifyInstance } from 'fastify';
import { type AccessChecks, subject } from '../access.ts';

export function authRoutes(app: FastifyInstance, access: AccessChecks): void {
  app.get(
    '/auth',
    { onRequest: [...access.token], schema: { summary: 'Whose token this is' } },
    async request => {
      const { account, accounts, session, isAdmin } = subject(request, 'principal');
      // `is_admin` speaks of login sessions; an API token acts as its account.
      return { status: 'ok', account: account.name, accounts, is_admin: session !== undefined && isAdmin };
    },
  );
}
