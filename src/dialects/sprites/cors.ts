import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { BerthError } from '../../lib/errors.ts';

const methods = 'GET, HEAD, POST, PUT, DELETE';
const requestHeaders = 'Authorization, Content-Type, Accept, Range';
const answerHeaders = [
  'Sprite-Version',
  'Retry-After',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'Content-Range',
].join(', ');
/** Browsers remember it no longer than two hours. */
const rememberSeconds = 7200;

/**
 * Lets web pages of other origins use the API with a token; cookies are never asked for (the Fetch standard,
 * section 3.3).
 * @param origins `*`, or origins with commas between them, or `none`
 */
export function allowOrigins(app: FastifyInstance, origins: string): void {
  const all = origins.trim() === '*';
  const listed = new Set(origins.split(',').map(origin => origin.trim()));

  function allow(request: FastifyRequest, reply: FastifyReply): boolean {
    const { origin } = request.headers;
    if (!all) reply.header('vary', 'Origin');
    if (!all && (origin === undefined || !listed.has(origin))) return false;
    reply.header('access-control-allow-origin', all ? '*' : origin);
    return true;
  }

  app.addHook('onRequest', async (request, reply) => {
    if (request.method === 'OPTIONS') return;
    if (allow(request, reply)) reply.header('access-control-expose-headers', answerHeaders);
  });

  for (const url of ['/sprites', '/sprites/*', '/organization', '/organizations/*']) {
    app.options(url, { schema: { hide: true } }, async (request, reply) => {
      const known = request.server.knownPaths.find(request.url);
      if (known === undefined) throw new BerthError('not-found', 'there is nothing at this path');
      reply.header('allow', known.allow);
      if (allow(request, reply)) {
        reply.headers({
          'access-control-allow-methods': methods,
          'access-control-allow-headers': requestHeaders,
          'access-control-max-age': rememberSeconds,
        });
      }
      return reply.code(204).send();
    });
  }
}
