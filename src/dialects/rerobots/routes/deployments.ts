import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { DeploymentView } from '../../../engine/index.ts';
import { type AccessChecks, visitorOf } from '../access.ts';
import { anonymous } from '../caller.ts';
import { listed } from '../deployments/listing.ts';
import { deploymentShape, infoShape } from '../deployments/shapes.ts';
import { RerobotsError } from '../errors.ts';
import type { RerobotsParts } from '../parts.ts';
import { pageOf, type Query, textOf } from '../query.ts';

interface DeploymentRoute {
  Params: { wd: string };
}

export function deploymentRoutes(
  app: FastifyInstance,
  { engine }: RerobotsParts,
  access: AccessChecks,
): void {
  const { workspaces } = engine;
  const everybody = (summary: string) => ({
    onRequest: [...access.everybody],
    exposeHeadRoute: false,
    schema: { summary },
  });

  app.get('/workspaces', everybody('List workspace types'), async () => ({
    workspace_types: await workspaces.deployments.types(),
  }));

  const list = async (request: FastifyRequest, type?: string) => {
    const query = request.query as Query;
    const views = await workspaces.views(visitorOf(request) ?? anonymous);
    const { page, pageCount } = pageOf(query, listed(views, query, type));
    return {
      workspace_deployments: page.map(({ deployment }) => deployment.id),
      page_count: pageCount,
      ...(asksForInfo(query) && {
        info: Object.fromEntries(page.map(view => [view.deployment.id, infoShape(view)])),
      }),
    };
  };

  app.get('/deployments', everybody('List workspace deployments'), request => list(request));

  app.get<{ Params: { wtype: string } }>(
    '/deployments/:wtype',
    everybody('List workspace deployments of a type'),
    request => list(request, request.params.wtype),
  );

  const find = async (request: FastifyRequest<DeploymentRoute>): Promise<DeploymentView> => {
    const views = await workspaces.views(visitorOf(request) ?? anonymous);
    const found = views.find(({ deployment }) => deployment.id === request.params.wd);
    if (found === undefined) throw new RerobotsError(404, 'no workspace deployment found with given ID');
    return found;
  };

  app.get<DeploymentRoute>('/deployment/:wd', everybody('Describe a workspace deployment'), async request =>
    deploymentShape(await find(request), visitorOf(request)),
  );

  app.get<DeploymentRoute>(
    '/queuelen/:wd',
    everybody('Tell the length of the queue for a workspace deployment'),
    async request => {
      const { deployment, queueLength } = await find(request);
      return { id: deployment.id, len: queueLength };
    },
  );
}

function asksForInfo(query: Query): boolean {
  const value = textOf(query, 'info');
  return value !== undefined && !['f', 'false', '0'].includes(value.toLowerCase());
}
