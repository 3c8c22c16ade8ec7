import type { FastifyRequest } from 'fastify';
import type { Engine, InstanceView } from '../../../engine/index.ts';
import { signedInCaller } from '../access.ts';
import { RerobotsError } from '../errors.ts';

export interface InstanceRoute {
  Params: { id: string };
}

/** The instance in the path. @throws {RerobotsError} 404, also for those of others */
export async function findInstance(
  engine: Engine,
  request: FastifyRequest<InstanceRoute>,
): Promise<InstanceView> {
  const caller = signedInCaller(request);
  const found = await engine.workspaces.instances.find(request.params.id);
  if (found === undefined || (found.instance.account.id !== caller.accountId && !caller.isExempt)) {
    throw new RerobotsError(404, 'instance not found');
  }
  return found;
}
