import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WorkspaceInstance } from '../../../engine/index.ts';
import { type AccessChecks, signedInCaller } from '../access.ts';
import { RerobotsError } from '../errors.ts';
import { listedInstanceShape } from '../instances/shapes.ts';
import type { RerobotsParts } from '../parts.ts';
import { has, pageOf, type Query, textOf } from '../query.ts';

/** Lists of the instances of whoever asks. */
export function instanceListRoutes(
  app: FastifyInstance,
  { engine }: RerobotsParts,
  access: AccessChecks,
): void {
  const { instances } = engine.workspaces;
  const options = {
    onRequest: [...access.token],
    exposeHeadRoute: false,
    schema: { summary: 'List your instances' },
  };

  const list = async (request: FastifyRequest, type?: string): Promise<object> => {
    const caller = signedInCaller(request);
    const query = request.query as Query;
    if (has(query, 'user') && !caller.isExempt) throw new RerobotsError(403, 'permission denied');
    const views = await engine.workspaces.views({ ...caller, isExempt: true });
    const viewOf = new Map(views.map(view => [view.deployment.id, view]));
    const about = textOf(query, 'user');
    const all = await instances.list({
      accountId: caller.isExempt ? undefined : caller.accountId,
      withEnded: has(query, 'include_terminated') || has(query, 'include_init_fail'),
    });
    const found = all.filter(
      instance =>
        isListed(instance, query) &&
        (about === undefined || instance.account.name === about) &&
        (type === undefined || viewOf.get(instance.deploymentId)?.deployment.type === type),
    );
    if (textOf(query, 'sort_by') === 'inc_start_date') found.reverse();
    const { page, pageCount } = pageOf(query, found);
    return {
      workspace_instances: has(query, 'details')
        ? page.flatMap(instance => {
            const view = viewOf.get(instance.deploymentId);
            return view ? listedInstanceShape(instance, view) : [];
          })
        : page.map(({ id }) => id),
      workspace_deployments: page.map(({ deploymentId }) => deploymentId),
      page_count: pageCount,
    };
  };

  app.get('/instances', options, request => list(request));
  app.get<{ Params: { wtype: string } }>('/instances/:wtype', options, request =>
    list(request, request.params.wtype),
  );
}

function isListed({ status }: WorkspaceInstance, query: Query): boolean {
  if (status === 'stopping' || status === 'ended') return has(query, 'include_terminated');
  return status !== 'failed' || has(query, 'include_init_fail');
}
