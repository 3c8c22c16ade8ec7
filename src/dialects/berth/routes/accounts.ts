import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { Account } from '../../../identity/index.ts';
import { BerthError } from '../../../lib/errors.ts';
import { principalOf, requireToken } from '../access.ts';
import type { BerthParts } from '../parts.ts';

const createBody = Type.Object({ name: Type.String() });

/** For administrators. */
export function accountRoutes(app: FastifyInstance, { identity }: BerthParts): void {
  app.register(async scope => {
    requireToken(scope, identity);
    scope.addHook('onRequest', async request => {
      if (!principalOf(request).isAdmin)
        throw new BerthError('forbidden', 'only administrators see accounts');
    });

    scope.post<{ Body: Type.Static<typeof createBody> }>(
      '/berth/v1/accounts',
      { schema: { summary: 'Create an account', body: createBody } },
      async request => shape(await identity.createAccount(request.body.name)),
    );

    scope.get('/berth/v1/accounts', { schema: { summary: 'List accounts by name' } }, async () => ({
      accounts: (await identity.listAccounts()).map(shape),
    }));
  });
}

function shape({ name, isAdmin, enabled, createdAt }: Account) {
  return { name, is_admin: isAdmin, enabled, created_at: createdAt };
}
