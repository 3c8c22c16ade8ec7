import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { AccessChecks } from '../access.ts';
import type { BerthParts } from '../parts.ts';

const addBody = Type.Object({ user: Type.String() });

interface AccountRoute {
  Params: { account: string };
}

/** Who acts for an organisation. */
export function memberRoutes(app: FastifyInstance, { identity }: BerthParts, access: AccessChecks): void {
  const { organisations } = identity;
  const onRequest = [...access.administrator];

  app.get<AccountRoute>(
    '/berth/v1/accounts/:account/members',
    { onRequest, schema: { summary: 'List the members of an organisation by name' } },
    async request => ({ members: await organisations.members(request.params.account) }),
  );

  app.post<AccountRoute & { Body: Type.Static<typeof addBody> }>(
    '/berth/v1/accounts/:account/members',
    { onRequest, schema: { summary: 'Let a user act for an organisation', body: addBody } },
    async request => {
      await organisations.addMember(request.params.account, request.body.user);
      return { status: 'ok' };
    },
  );

  app.delete<{ Params: { account: string; user: string } }>(
    '/berth/v1/accounts/:account/members/:user',
    { onRequest, schema: { summary: 'Let a user no longer act for an organisation' } },
    async request => {
      await organisations.removeMember(request.params.account, request.params.user);
      return { status: 'ok' };
    },
  );
}
