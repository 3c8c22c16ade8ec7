import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { InstanceStatus } from '../../../engine/index.ts';
import { systemClock } from '../../../lib/clock.ts';
import { type AccessChecks, signedInCaller } from '../access.ts';
import { bodyOf } from '../bodies.ts';
import { RerobotsError } from '../errors.ts';
import { findInstance, type InstanceRoute } from '../instances/find-instance.ts';
import { parseReport } from '../instances/reports.ts';
import { instanceShape } from '../instances/shapes.ts';
import type { RerobotsParts } from '../parts.ts';

/** Single instances; those of others are unknown. */
export function instanceRoutes(
  app: FastifyInstance,
  { engine, settings, clock = systemClock }: RerobotsParts,
  access: AccessChecks,
): void {
  const { instances } = engine.workspaces;
  const options = (summary: string) => ({
    onRequest: [...access.token],
    exposeHeadRoute: false,
    schema: { summary },
  });
  const find = (request: FastifyRequest<InstanceRoute>) => findInstance(engine, request);

  app.get<InstanceRoute>('/instance/:id', options('Describe an instance'), async request => {
    const found = await find(request);
    const caller = signedInCaller(request);
    // Whatever has become of the rules since, they have this one.
    const views = await engine.workspaces.views({ ...caller, isExempt: true });
    const view = views.find(({ deployment }) => deployment.id === found.instance.deploymentId);
    if (view === undefined) throw new Error('an instance has no deployment');
    const ipv4 = settings.advertisedIpv4 ?? localAddress(request);
    return instanceShape(found, view, caller, ipv4);
  });

  app.get<InstanceRoute>(
    '/instance/:id/sshkey',
    options('Tell the private key that was made for an instance'),
    async request => {
      const { instance } = await find(request);
      const { status, id, options: asked } = instance;
      if (status === 'ended' || status === 'failed') {
        throw new RerobotsError(400, 'instance already terminated');
      }
      if (status === 'stopping') throw new RerobotsError(400, 'instance already terminating');
      const key = asked.publicKey === undefined ? await instances.privateKey(id) : undefined;
      if (key === undefined) throw new RerobotsError(404, 'no secret SSH key available');
      return { key };
    },
  );

  app.post<InstanceRoute>(
    '/instance/:id/ka',
    options('Say that an instance is still needed'),
    async (request, reply) => {
      const { instance } = await find(request);
      if (instances.ping(instance.id)) return reply.send();
      throw new RerobotsError(404, 'no keep-alive monitor for this instance');
    },
  );

  app.post<InstanceRoute>(
    '/instance/:id/event',
    options('Keep what a program in an instance tells'),
    async (request, reply) => {
      const { instance } = await find(request);
      await instances.report({ instanceId: instance.id, ...parseReport(bodyOf(request)), at: clock.now() });
      return reply.send();
    },
  );

  app.post<InstanceRoute>('/terminate/:id', options('Terminate an instance'), async (request, reply) => {
    const { instance } = await find(request);
    const refused = await instances.terminate(instance.id);
    if (refused !== undefined) throw new RerobotsError(400, terminateRefusals[refused]);
    return reply.send();
  });
}

const over = 'instance already terminated';

const terminateRefusals: Readonly<Record<InstanceStatus, string>> = {
  starting: 'cannot terminate instance that is init',
  ready: over,
  stopping: 'instance already terminating',
  ended: over,
  failed: 'cannot terminate instance that is init_fail',
};

/** The IPv4 address of this server that a client has reached it by. */
function localAddress(request: FastifyRequest): string {
  return (request.raw.socket.localAddress ?? '').replace(/^::ffff:/i, '');
}
