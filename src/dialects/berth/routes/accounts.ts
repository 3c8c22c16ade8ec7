import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { Account } from '../../../identity/index.ts';
import type { AccessChecks } from '../access.ts';
import type { BerthParts } from '../parts.ts';

const createBody = Type.Object({ name: Type.String() });

export function accountRoutes(app: FastifyInstance, { identity }: BerthParts, access: AccessChecks): void {
  app.post<{ Body: Type.Static<typeof createBody> }>(
    '/berth/v1/accounts',
    { onRequest: [...access.administrator], schema: { summary: 'Create an account', body: createBody } },
    async request => shape(await identity.createAccount(request.body.name)),
  );

  app.get(
    '/berth/v1/accounts',
    { onRequest: [...access.administrator], schema: { summary: 'List accounts by name' } },
    async () => ({ accounts: (await identity.listAccounts()).map(shape) }),
  );
}

function shape({ name, isAdmin, enabled, createdAt }: Account) {
  return { name, is_admin: isAdmin, enabled, created_at: createdAt };
}
