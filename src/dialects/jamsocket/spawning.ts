import type { FastifyReply } from 'fastify';
import type { IdentityField } from '../../engine/index.ts';

/** The published variables; `PORT` is set by the runtime. */
export const identityVariables: Readonly<Record<string, IdentityField>> = {
  SESSION_BACKEND_ID: 'id',
  SESSION_BACKEND_KEY: 'key',
  SESSION_BACKEND_FENCING_TOKEN: 'fencing-token',
  JAMSOCKET_SERVICE: 'service',
};

/** One for all: making an error for each request costs more than looking at its lock. */
const hungUp = new Error('the caller has hung up');

/** Fires when the caller has hung up: what it asked for is not wanted any more. */
export function clientGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(hungUp));
  return gone.signal;
}
