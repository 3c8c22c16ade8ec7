import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { QueueTarget } from '../../../engine/index.ts';
import { type AccessChecks, isUuid, signedInCaller } from '../access.ts';
import { bodyOf } from '../bodies.ts';
import { RerobotsError } from '../errors.ts';
import { eventAddresses } from '../instances/event-url.ts';
import { parseNewInstance } from '../instances/new-instance.ts';
import { refusal } from '../instances/refusals.ts';
import type { RerobotsParts } from '../parts.ts';

/** Instances are asked for by deployment, by type, or by a list of deployments. */
export function newRoutes(
  app: FastifyInstance,
  { engine, settings }: RerobotsParts,
  access: AccessChecks,
): void {
  const limits = {
    maxExpireSeconds: settings.maxExpireSeconds,
    allowsAddress: eventAddresses(settings.eventAddresses),
  };
  const options = {
    onRequest: [...access.token],
    schema: { summary: 'Request an instance, or a place in the queue for one' },
  };

  const request = async (request: FastifyRequest, named?: string): Promise<object> => {
    const caller = signedInCaller(request);
    const asked = parseNewInstance(bodyOf(request) ?? {}, limits);
    const outcome = await engine.workspaces.queue.request({
      account: { id: caller.accountId, name: caller.name },
      accounts: caller.accounts,
      isExempt: caller.isExempt,
      target: named === undefined ? targetOfList(asked.candidates) : targetNamed(named),
      options: asked.options,
      waits: asked.reserve,
      ...(asked.reserveSeconds !== undefined && { waitMs: asked.reserveSeconds * 1_000 }),
      joinsOwn: asked.allowNoop,
    });
    if (outcome.kind === 'refused') throw refusal(outcome.reason);
    if (outcome.kind === 'reserved') return { success: false, id: outcome.id };
    return {
      success: true,
      id: outcome.id,
      ...(outcome.kind === 'started' && outcome.privateKey !== undefined && { sshkey: outcome.privateKey }),
    };
  };

  app.post('/new', options, asked => request(asked));
  app.post<{ Params: { target: string } }>('/new/:target', options, asked =>
    request(asked, asked.params.target),
  );
}

function targetNamed(name: string): QueueTarget {
  return isUuid(name) ? { kind: 'one', ids: [name.toLowerCase()] } : { kind: 'type', type: name };
}

function targetOfList(ids: readonly string[] | undefined): QueueTarget {
  if (ids === undefined) throw new RerobotsError(404, 'no wds given');
  return { kind: 'list', ids };
}
