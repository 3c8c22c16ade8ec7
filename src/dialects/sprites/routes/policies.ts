import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { type AccessChecks, sandboxOf } from '../access.ts';
import { spriteParams } from '../schemas.ts';

const strict = { additionalProperties: false };

const networkPolicy = Type.Object(
  {
    rules: Type.Array(
      Type.Union([
        Type.Object(
          {
            domain: Type.String({ description: 'a host, *.suffix or *' }),
            action: Type.Union([Type.Literal('allow'), Type.Literal('deny')]),
          },
          strict,
        ),
        Type.Object({ include: Type.Literal('defaults') }, strict),
      ]),
    ),
  },
  strict,
);
type NetworkPolicyBody = Type.Static<typeof networkPolicy>;

/** What a sprite may reach and do. These routes do not wake it. */
export function policyRoutes(app: FastifyInstance, access: AccessChecks): void {
  const options = (summary: string, more: object = {}) => ({
    onRequest: [...access.sprite],
    schema: { summary, params: spriteParams, ...more },
  });

  app.get('/sprites/:name/policy/network', options('Tell what a sprite may reach'), async request => ({
    rules: sandboxOf(request).network.rules,
  }));

  app.post<{ Body: NetworkPolicyBody }>(
    '/sprites/:name/policy/network',
    options('Set what a sprite may reach', { body: networkPolicy }),
    async (request, reply) => {
      await sandboxOf(request).network.set(request.body.rules);
      return reply.code(204).send();
    },
  );

  app.delete(
    '/sprites/:name/policy/network',
    options('Let a sprite reach everything'),
    async (request, reply) => {
      await sandboxOf(request).network.set([]);
      return reply.code(204).send();
    },
  );
}
