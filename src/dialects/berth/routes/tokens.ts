import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { Account, Token } from '../../../identity/index.ts';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, accountNamed, principalOf } from '../access.ts';
import type { BerthParts } from '../parts.ts';

const maxExpirySeconds = 10 * 365 * 86_400;

const createBody = Type.Object({
  label: Type.Optional(Type.String({ maxLength: 200 })),
  expires_in_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: maxExpirySeconds })),
  account: Type.Optional(Type.String({ description: 'another account than the own; administrators only' })),
});
const accountQuery = Type.Object({ account: Type.Optional(Type.String()) });

export function tokenRoutes(app: FastifyInstance, { identity }: BerthParts, access: AccessChecks): void {
  app.post<{ Body: Type.Static<typeof createBody> }>(
    '/berth/v1/tokens',
    { onRequest: [...access.token], schema: { summary: 'Create a token', body: createBody } },
    async request => {
      const { label = '', expires_in_seconds: seconds, account: name } = request.body;
      const account = await accountNamed(identity, principalOf(request), name);
      const expiresAt = seconds === undefined ? undefined : new Date(Date.now() + seconds * 1000);
      const { token, secret } = await identity.createToken(account, {
        label,
        ...(expiresAt && { expiresAt }),
      });
      return { ...shape(token, account), token: secret };
    },
  );

  app.get<{ Querystring: Type.Static<typeof accountQuery> }>(
    '/berth/v1/tokens',
    {
      onRequest: [...access.token],
      schema: { summary: 'List tokens, newest first', querystring: accountQuery },
    },
    async request => {
      const account = await accountNamed(identity, principalOf(request), request.query.account);
      const tokens = await identity.listTokens(account);
      return { tokens: tokens.map(token => shape(token, account)) };
    },
  );

  app.delete<{ Params: { id: string }; Querystring: Type.Static<typeof accountQuery> }>(
    '/berth/v1/tokens/:id',
    { onRequest: [...access.token], schema: { summary: 'Revoke a token', querystring: accountQuery } },
    async request => {
      const account = await accountNamed(identity, principalOf(request), request.query.account);
      if (!(await identity.revokeToken(account, request.params.id))) {
        throw new BerthError('not-found', 'token not found');
      }
      return { status: 'ok' };
    },
  );
}

function shape({ id, label, publicPart, createdAt, expiresAt }: Token, account: Account) {
  return {
    id,
    label,
    public_part: publicPart,
    account: account.name,
    created_at: createdAt,
    expires_at: expiresAt ?? null,
  };
}
