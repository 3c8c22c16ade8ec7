import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WorkspaceInstance } from '../../../engine/index.ts';
import type { AccessChecks } from '../access.ts';
import { bodyOf } from '../bodies.ts';
import { RerobotsError } from '../errors.ts';
import { findInstance, type InstanceRoute } from '../instances/find-instance.ts';
import { actionName, parseFirewallRule } from '../instances/firewall-rule.ts';
import type { RerobotsParts } from '../parts.ts';

/** Who may come in to an instance: ordered rules, of which the first that fits decides; nobody without one. */
export function firewallRoutes(app: FastifyInstance, { engine }: RerobotsParts, access: AccessChecks): void {
  const { firewall } = engine.workspaces;
  const options = (summary: string) => ({
    onRequest: [...access.token],
    exposeHeadRoute: false,
    schema: { summary },
  });
  const find = async (request: FastifyRequest<InstanceRoute>): Promise<WorkspaceInstance> => {
    const { instance } = await findInstance(engine, request);
    if (instance.status === 'ended' || instance.status === 'failed') {
      throw new RerobotsError(400, 'instance not active');
    }
    return instance;
  };

  app.get<InstanceRoute>('/firewall/:id', options('List the rules of a firewall'), async request => {
    const { id, status } = await find(request);
    const rules = (await firewall.rules(id)).map(({ source, action }) => [source, actionName(action)]);
    return { rules: status === 'starting' && rules.length === 0 ? null : rules };
  });

  app.post<InstanceRoute>('/firewall/:id', options('Append a rule to a firewall'), async (request, reply) => {
    const { id } = await find(request);
    await firewall.add(id, parseFirewallRule(bodyOf(request) ?? {}, plainAddress(request.ip)));
    return reply.send();
  });

  app.delete<InstanceRoute>('/firewall/:id', options('Remove all rules'), async (request, reply) => {
    const { id } = await find(request);
    await firewall.clear(id);
    return reply.send();
  });
}

function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
