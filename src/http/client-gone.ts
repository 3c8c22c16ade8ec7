import type { FastifyReply } from 'fastify';

/** One for all: making an error for each request costs more than most of what is asked for. */
const hungUp = new Error('the caller has hung up');

/** Fires when the caller has hung up: what it asked for is not wanted any more. */
export function clientGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(hungUp));
  return gone.signal;
}
