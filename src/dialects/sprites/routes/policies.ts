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

const privilegesPolicy = Type.Object(
  {
    profile: Type.Optional(
      Type.Union((['', 'minimal', 'standard', 'privileged'] as const).map(name => Type.Literal(name))),
    ),
    devices: Type.Optional(Type.Array(Type.String())),
    noNewPrivileges: Type.Optional(Type.Boolean()),
  },
  strict,
);
type PrivilegesBody = Type.Static<typeof privilegesPolicy>;

const resourcesPolicy = Type.Object(
  {
    memory: Type.Optional(
      Type.Object(
        { limit_mb: Type.Optional(Type.Number()), autoscale: Type.Optional(Type.Boolean()) },
        strict,
      ),
    ),
  },
  strict,
);
type ResourcesBody = Type.Static<typeof resourcesPolicy>;

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

  app.get('/sprites/:name/policy/privileges', options('Tell what a sprite may do'), async request => {
    return sandboxOf(request).allowances.privileges;
  });

  app.post<{ Body: PrivilegesBody }>(
    '/sprites/:name/policy/privileges',
    options('Set what a sprite may do from its next boot on', { body: privilegesPolicy }),
    async (request, reply) => {
      await sandboxOf(request).allowances.setPrivileges(request.body);
      return reply.code(204).send();
    },
  );

  app.delete(
    '/sprites/:name/policy/privileges',
    options('Let a sprite do what all may'),
    async (request, reply) => {
      await sandboxOf(request).allowances.setPrivileges({});
      return reply.code(204).send();
    },
  );

  app.get('/sprites/:name/policy/resources', options('Tell what a sprite may use'), async request => {
    const { memory } = sandboxOf(request).allowances;
    if (memory === undefined) return {};
    const { limitMib, autoscale } = memory;
    return {
      memory: {
        ...(limitMib !== undefined && { limit_mb: limitMib }),
        ...(autoscale !== undefined && { autoscale }),
      },
    };
  });

  app.post<{ Body: ResourcesBody }>(
    '/sprites/:name/policy/resources',
    options('Set what a sprite may use', { body: resourcesPolicy }),
    async (request, reply) => {
      const { memory } = request.body;
      await sandboxOf(request).allowances.setMemory(
        memory && {
          ...(memory.limit_mb !== undefined && { limitMib: memory.limit_mb }),
          ...(memory.autoscale !== undefined && { autoscale: memory.autoscale }),
        },
      );
      return reply.code(204).send();
    },
  );

  app.delete(
    '/sprites/:name/policy/resources',
    options('Let a sprite use what it was made with'),
    async (request, reply) => {
      await sandboxOf(request).allowances.setMemory(undefined);
      return reply.code(204).send();
    },
  );
}
