import type { FastifyInstance, FastifyReply } from 'fastify';
import { ImageError } from '../../../images/index.ts';
import { type AccessChecks, subject } from '../access.ts';
import { requestedRange } from '../ranges.ts';
import { type RepositoryParams, repositoryParams } from '../schemas.ts';

const path = '/v2/:account/:service/blobs/:digest';
const readBufferBytes = 256 * 1024;

interface BlobRoute {
  readonly Params: RepositoryParams & { readonly digest: string };
}

export function blobRoutes(app: FastifyInstance, access: AccessChecks): void {
  const onRequest = [...access.repository];
  const schema = (summary: string) => ({ summary, params: repositoryParams });

  app.head<BlobRoute>(
    path,
    { onRequest, schema: schema('Whether a blob is there') },
    async (request, reply) => {
      const { digest, sizeBytes } = await subject(request, 'repository').blob(request.params.digest);
      return describe(reply, digest).header('content-length', sizeBytes).send();
    },
  );

  app.get<BlobRoute>(
    path,
    { onRequest, exposeHeadRoute: false, schema: schema('The content of a blob, or a range of it') },
    async (request, reply) => {
      const { digest } = request.params;
      const { sizeBytes, file } = await subject(request, 'repository').openBlob(digest);
      try {
        const range = requestedRange(request.headers.range, sizeBytes);
        describe(reply, digest);
        if (range !== undefined) {
          reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${sizeBytes}`);
        }
        reply.header('content-length', range === undefined ? sizeBytes : range.end - range.start + 1);
        return reply.send(file.createReadStream({ ...range, highWaterMark: readBufferBytes }));
      } catch (error) {
        await file.close();
        if (error instanceof ImageError) reply.header('content-range', `bytes */${sizeBytes}`);
        throw error;
      }
    },
  );

  app.delete<BlobRoute>(path, { onRequest, schema: schema('Delete a blob') }, async (request, reply) => {
    await subject(request, 'repository').deleteBlob(request.params.digest);
    return reply.code(202).send();
  });
}

function describe(reply: FastifyReply, digest: string): FastifyReply {
  return reply.headers({
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    'cache-control': 'private, max-age=31536000',
    etag: `"${digest}"`,
  });
}
