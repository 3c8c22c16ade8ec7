import type { FastifyInstance } from 'fastify';
import { unrecognizedCommand } from './errors.ts';
import { ownSegments } from './segments.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Takes all that is left below the own segments. Call it after all routes are registered. */
export function refuseTheRest(app: FastifyInstance): void {
  const options = { schema: { hide: true }, exposeHeadRoute: false };
  for (const segment of ownSegments) {
    for (const url of [`/${segment}`, `/${segment}/*`]) {
      app.options(url, { schema: { hide: true } }, async (_, reply) => reply.send());
      for (const method of methods) {
        if (app.hasRoute({ method, url })) continue;
        app.route({
          ...options,
          method,
          url,
          handler: async () => {
            throw unrecognizedCommand();
          },
        });
      }
    }
  }
}
