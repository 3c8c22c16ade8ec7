import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import {
  type AccessRule,
  imageName,
  parseImageName,
  type WorkspaceDeployment,
} from '../../../engine/index.ts';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, principalOf } from '../access.ts';
import type { BerthParts } from '../parts.ts';

const typeBody = Type.Object({ name: Type.String({ maxLength: 64 }) });
const createBody = Type.Object({
  type: Type.String({ maxLength: 64 }),
  image: Type.String({ maxLength: 512, description: 'host, or ACCOUNT/SERVICE with :TAG or @DIGEST' }),
  region: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  owner: Type.Optional(Type.String({ description: "an account; the token's own when absent" })),
  hidden: Type.Optional(Type.Boolean()),
  default_deny: Type.Optional(Type.Boolean()),
});
const ruleBody = Type.Object({
  user: Type.String({ minLength: 1, maxLength: 64, description: 'name of an account, * or type:anon' }),
  allow: Type.Boolean(),
});

interface DeploymentRoute {
  Params: { deployment: string };
}

/** Slots for workspaces; for administrators. */
export function workspaceDeploymentRoutes(
  app: FastifyInstance,
  { engine, identity }: BerthParts,
  access: AccessChecks,
): void {
  const { deployments } = engine.workspaces;
  const options = (summary: string, body?: object) => ({
    onRequest: [...access.administrator],
    schema: { summary, ...(body && { body }) },
  });
  const base = '/berth/v1/workspace-deployments';

  app.get('/berth/v1/workspace-types', options('List workspace types'), async () => ({
    types: await deployments.types(),
  }));

  app.post<{ Body: Type.Static<typeof typeBody> }>(
    '/berth/v1/workspace-types',
    options('Create a workspace type', typeBody),
    async request => {
      await deployments.createType(request.body.name);
      return { name: request.body.name };
    },
  );

  app.post<{ Body: Type.Static<typeof createBody> }>(
    base,
    options('Create a workspace deployment', createBody),
    async request => {
      const { type, image, region, description, owner, hidden, default_deny: deniesByDefault } = request.body;
      const account =
        owner === undefined ? principalOf(request).account : await identity.accountByName(owner);
      if (account === undefined) throw new BerthError('not-found', `owner: there is no account ${owner}`);
      return shape(
        await deployments.create({
          owner: account,
          type,
          image: parseImageName(image),
          ...(region !== undefined && { region }),
          ...(description !== undefined && { description }),
          ...(hidden !== undefined && { isHidden: hidden }),
          ...(deniesByDefault !== undefined && { deniesByDefault }),
        }),
      );
    },
  );

  app.get(base, options('List workspace deployments, oldest first'), async () => ({
    deployments: (await deployments.list()).map(shape),
  }));

  app.get<DeploymentRoute>(`${base}/:deployment`, options('Describe a workspace deployment'), async request =>
    shape(await deployments.get(request.params.deployment)),
  );

  for (const [verb, summary] of [
    ['lock', 'Refuse new workspaces for the time being'],
    ['unlock', 'Take new workspaces again'],
  ] as const) {
    app.post<DeploymentRoute>(`${base}/:deployment/${verb}`, options(summary), async request => {
      await deployments.lock(request.params.deployment, verb === 'lock');
      return { status: 'ok' };
    });
  }

  app.post<DeploymentRoute>(
    `${base}/:deployment/dissolve`,
    options('End a workspace deployment for good, with what runs in it'),
    async request => {
      await deployments.dissolve(request.params.deployment);
      return { status: 'ok' };
    },
  );

  app.get<DeploymentRoute>(`${base}/:deployment/rules`, options('List access rules'), async request => {
    const { id } = await deployments.get(request.params.deployment);
    const rules = await deployments.rules();
    return { rules: rules.filter(({ deploymentId }) => deploymentId === id).map(ruleShape) };
  });

  app.post<DeploymentRoute & { Body: Type.Static<typeof ruleBody> }>(
    `${base}/:deployment/rules`,
    options('Add an access rule', ruleBody),
    async request => {
      const { user, allow } = request.body;
      return ruleShape(await deployments.putRule(request.params.deployment, user, allow));
    },
  );

  app.delete<{ Params: { deployment: string; number: string } }>(
    `${base}/:deployment/rules/:number`,
    options('Delete an access rule'),
    async request => {
      const { deployment, number } = request.params;
      if (/^\d{1,5}$/.test(number) && (await deployments.deleteRule(deployment, Number(number)))) {
        return { status: 'ok' };
      }
      throw new BerthError('not-found', 'access rule not found');
    },
  );
}

function shape(deployment: WorkspaceDeployment) {
  return {
    id: deployment.id,
    type: deployment.type,
    kind: deployment.kind,
    image: deployment.image === undefined ? null : imageName(deployment.image),
    region: deployment.region,
    description: deployment.description,
    owner: deployment.owner.name,
    hidden: deployment.isHidden,
    default_deny: deployment.deniesByDefault,
    locked: deployment.isLocked,
    finished: deployment.finishedCount,
    created_at: deployment.createdAt,
    dissolved_at: deployment.dissolvedAt ?? null,
  };
}

function ruleShape({ number, subject, allows, createdAt }: AccessRule) {
  return { number, user: subject, allow: allows, created_at: createdAt };
}
