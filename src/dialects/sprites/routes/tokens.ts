import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { type AccessChecks, accountOf } from '../access.ts';
import { notFound } from '../errors.ts';
import type { SpritesParts } from '../parts.ts';

const tokenParams = Type.Object({ organization: Type.String() });
const tokenBody = Type.Object({
  description: Type.Optional(Type.String({ maxLength: 200 })),
  invite_code: Type.Optional(Type.String({ description: 'has no meaning here' })),
});

/** Makes a token out of another, as command lines do when they log in. */
export function tokenRoutes(app: FastifyInstance, { identity }: SpritesParts, access: AccessChecks): void {
  app.post<{ Params: { organization: string }; Body: Type.Static<typeof tokenBody> }>(
    '/organizations/:organization/tokens',
    {
      onRequest: [...access.anyToken],
      schema: { summary: 'Create a token', params: tokenParams, body: tokenBody },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const { organization } = request.params;
      if (organization !== account.name) throw notFound('organization', organization);
      const { secret } = await identity.createToken(account, { label: request.body.description ?? '' });
      return reply.code(201).send({ token: secret });
    },
  );
}
