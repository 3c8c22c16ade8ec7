import type { FastifyInstance } from 'fastify';
import { asciiJson } from '../../../http/index.ts';
import { mediaTypes } from '../../../images/index.ts';
import { type AccessChecks, subject } from '../access.ts';
import { readPage } from '../paging.ts';
import {
  type PageQuery,
  pageQuery,
  type ReferrersQuery,
  type RepositoryParams,
  referrersQuery,
  repositoryParams,
} from '../schemas.ts';

export function listRoutes(app: FastifyInstance, access: AccessChecks): void {
  app.get<{ Params: RepositoryParams; Querystring: PageQuery }>(
    '/v2/:account/:service/tags/list',
    {
      onRequest: [...access.repository],
      schema: { summary: 'List tags', params: repositoryParams, querystring: pageQuery },
    },
    async (request, reply) => {
      const { account, service } = request.params;
      const name = `${account}/${service}`;
      const repository = subject(request, 'repository');
      const read = repository.tags.bind(repository);
      return { name, tags: await readPage(reply, `/v2/${name}/tags/list`, request.query, read) };
    },
  );

  app.get<{ Params: RepositoryParams & { digest: string }; Querystring: ReferrersQuery }>(
    '/v2/:account/:service/referrers/:digest',
    {
      onRequest: [...access.repository],
      schema: {
        summary: 'List what is about a manifest, such as signatures',
        params: repositoryParams,
        querystring: referrersQuery,
      },
    },
    async (request, reply) => {
      const { artifactType } = request.query;
      const found = await subject(request, 'repository').referrers(request.params.digest, artifactType);
      if (artifactType !== undefined) reply.header('oci-filters-applied', 'artifactType');
      const manifests = found.map(manifest => ({
        mediaType: manifest.mediaType,
        digest: manifest.digest,
        size: manifest.sizeBytes,
        ...(manifest.artifactType !== undefined && { artifactType: manifest.artifactType }),
        ...(manifest.annotations !== undefined && { annotations: manifest.annotations }),
      }));
      const mediaType = mediaTypes.ociIndex;
      const index = asciiJson({ schemaVersion: 2, mediaType, manifests });
      // As bytes: to text the framework would add its encoding.
      return reply.header('content-type', mediaType).send(Buffer.from(index));
    },
  );
}
