import type { FastifyInstance } from 'fastify';
import { type AccessChecks, subject } from '../access.ts';
import type { JamsocketParts } from '../parts.ts';
import { serviceParams } from '../schemas.ts';

/** As many as are told of. */
const newestCount = 50;

/** A row per tag, the newest first. */
export function imageListRoute(
  app: FastifyInstance,
  { images }: JamsocketParts,
  access: AccessChecks,
  servicePath: string,
): void {
  app.get(
    `${servicePath}/images`,
    {
      onRequest: [...access.service],
      schema: { summary: 'List the images of a service', params: serviceParams },
    },
    async request => {
      const service = subject(request, 'service');
      const repository = `${subject(request, 'account').name}/${service.name}`;
      const tags = await images.repository(service).newestTags(newestCount);
      return {
        images: tags.map(({ name, digest, pushedAt }) => ({
          repository,
          digest,
          tag: name,
          upload_time: pushedAt,
        })),
      };
    },
  );
}
