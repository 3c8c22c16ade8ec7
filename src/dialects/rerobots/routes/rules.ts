import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type AccessRule, anonymousCallers, type DeploymentView, everybody } from '../../../engine/index.ts';
import { type AccessChecks, signedInCaller } from '../access.ts';
import { bodyOf } from '../bodies.ts';
import type { Caller } from '../caller.ts';
import { ruleShape } from '../deployments/shapes.ts';
import { RerobotsError } from '../errors.ts';
import type { RerobotsParts } from '../parts.ts';
import { type Query, textOf } from '../query.ts';

const maxUserLength = 64;
const capabilities: Readonly<Record<string, boolean>> = { CAP_INSTANTIATE: true, CAP_NO_INSTANTIATE: false };

interface DeploymentRoute {
  Params: { wd: string };
}

/** Who may have workspaces of which deployment, and which take none for the time being. */
export function ruleRoutes(app: FastifyInstance, { engine }: RerobotsParts, access: AccessChecks): void {
  const { workspaces } = engine;
  const { deployments } = workspaces;
  const options = (summary: string) => ({
    onRequest: [...access.token],
    exposeHeadRoute: false,
    schema: { summary },
  });
  const find = async (request: FastifyRequest<DeploymentRoute>): Promise<DeploymentView> => {
    const views = await workspaces.views(signedInCaller(request));
    const found = views.find(({ deployment }) => deployment.id === request.params.wd);
    if (found === undefined) throw new RerobotsError(404, 'no workspace deployment found with given ID');
    return found;
  };
  const findOwn = async (request: FastifyRequest<DeploymentRoute>): Promise<DeploymentView> => {
    const view = await find(request);
    if (!isInCharge(view, signedInCaller(request))) throw new RerobotsError(403, 'permission denied');
    return view;
  };

  app.get('/rules', options('List access rules of all deployments'), async request => {
    const caller = signedInCaller(request);
    return rulesFor(await workspaces.views(caller), caller, request.query as Query, false);
  });

  app.get<DeploymentRoute>('/deployment/:wd/rules', options('List access rules'), async request => {
    const view = await find(request);
    const caller = signedInCaller(request);
    return rulesFor([view], caller, request.query as Query, view.isOwn);
  });

  app.post<DeploymentRoute>('/deployment/:wd/rule', options('Add an access rule'), async request => {
    const { deployment } = await findOwn(request);
    const { user, allows } = newRule(request);
    const { number } = await deployments.putRule(deployment.id, user, allows);
    return { rule_id: number };
  });

  app.delete<{ Params: { wd: string; n: string } }>(
    '/deployment/:wd/rule/:n',
    options('Delete an access rule'),
    async (request, reply) => {
      const { n } = request.params;
      const { deployment } = await findOwn(request);
      if (!(await deployments.deleteRule(deployment.id, Number(n)))) {
        throw new RerobotsError(404, 'rule not found');
      }
      return reply.send();
    },
  );

  for (const method of ['POST', 'DELETE'] as const) {
    app.route<DeploymentRoute>({
      method,
      url: '/deployment/:wd/lockout',
      ...options(method === 'POST' ? 'Refuse new instances for the time being' : 'Take new instances again'),
      handler: async (request, reply) => {
        const view = await find(request);
        if (!isInCharge(view, signedInCaller(request)) || view.deployment.dissolvedAt !== undefined) {
          throw new RerobotsError(404, 'no workspace deployment found with given ID');
        }
        await deployments.lock(view.deployment.id, method === 'POST');
        return reply.send();
      },
    });
  }
}

function isInCharge({ isOwn }: DeploymentView, { isExempt }: Caller): boolean {
  return isOwn || isExempt;
}

/** Everybody sees what is about themselves or everybody; owners see all of theirs. */
function rulesFor(
  views: readonly DeploymentView[],
  caller: Caller,
  query: Query,
  isOwner: boolean,
): { rules: object[] } {
  const about = textOf(query, 'to_user');
  const general = [everybody, anonymousCallers, caller.name];
  if (about !== undefined && !general.includes(about) && !caller.isExempt && !isOwner) {
    throw new RerobotsError(403, 'permission denied');
  }
  const isShown = (view: DeploymentView, { subject }: AccessRule): boolean =>
    (about === undefined || subject === about) && (isInCharge(view, caller) || general.includes(subject));
  return { rules: views.flatMap(view => view.rules.filter(rule => isShown(view, rule)).map(ruleShape)) };
}

function newRule(request: FastifyRequest): { user: string; allows: boolean } {
  const body = bodyOf(request);
  if (body === undefined) throw new RerobotsError(400, 'post body required, but not given');
  const { cap, user = everybody } = body;
  const allows = typeof cap === 'string' && Object.hasOwn(capabilities, cap) ? capabilities[cap] : undefined;
  if (allows === undefined) throw new RerobotsError(400, 'unrecognized capability (`cap` field)');
  if (typeof user !== 'string' || user === '' || user.length > maxUserLength) {
    throw new RerobotsError(400, 'value for option `user` has wrong type');
  }
  return { user, allows };
}
