import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Repository } from '../../../images/index.ts';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, accountFor, subject } from '../access.ts';
import { passingBodyOf } from '../body.ts';
import type { RegistryParts } from '../parts.ts';
import { chunkRange } from '../ranges.ts';
import { type RepositoryParams, repositoryParams, type UploadQuery, uploadQuery } from '../schemas.ts';

const path = '/v2/:account/:service/blobs/uploads';
/** The image store has limits of its own, which it applies while the content comes. */
const bodyLimit = Number.MAX_SAFE_INTEGER;

interface UploadsRoute {
  readonly Params: RepositoryParams;
  readonly Querystring: UploadQuery;
}

interface UploadRoute {
  readonly Params: RepositoryParams & { readonly upload: string };
  readonly Querystring: UploadQuery;
}

export function uploadRoutes(app: FastifyInstance, parts: RegistryParts, access: AccessChecks): void {
  const onRequest = [...access.repository];
  const schema = (summary: string) => ({ summary, params: repositoryParams, querystring: uploadQuery });

  app.post<UploadsRoute>(
    path,
    { onRequest, bodyLimit, schema: schema('Begin an upload, do a whole one, or take over a blob') },
    async (request, reply) => {
      const repository = subject(request, 'repository');
      const { mount, digest } = request.query;
      if (mount !== undefined && (await mountBlob(parts, request, mount))) {
        return sendBlob(request, reply, mount);
      }
      const id = await repository.beginUpload();
      if (digest === undefined) return sendProgress(request, reply.code(202), id, 0);
      try {
        await append(request, repository, id);
        await repository.completeUpload(id, digest);
      } catch (error) {
        // Its id was never told: nobody could go on with it.
        await repository.cancelUpload(id).catch(() => {});
        throw error;
      }
      return sendBlob(request, reply, digest);
    },
  );

  app.patch<UploadRoute>(
    `${path}/:upload`,
    { onRequest, bodyLimit, schema: schema('Append to an upload') },
    async (request, reply) => {
      const { upload } = request.params;
      const size = await append(request, subject(request, 'repository'), upload, reply);
      return sendProgress(request, reply.code(202), upload, size);
    },
  );

  app.put<UploadRoute>(
    `${path}/:upload`,
    { onRequest, bodyLimit, schema: schema('Append what is left and finish an upload') },
    async (request, reply) => {
      const { digest } = request.query;
      const { upload } = request.params;
      const repository = subject(request, 'repository');
      if (digest === undefined) throw new BerthError('invalid', 'digest is missing in the query');
      await append(request, repository, upload, reply);
      await repository.completeUpload(upload, digest);
      return sendBlob(request, reply, digest);
    },
  );

  app.get<UploadRoute>(
    `${path}/:upload`,
    { onRequest, exposeHeadRoute: false, schema: schema('How far an upload is') },
    async (request, reply) => {
      const { upload } = request.params;
      const size = await subject(request, 'repository').uploadSize(upload);
      return sendProgress(request, reply.code(204), upload, size);
    },
  );

  app.delete<UploadRoute>(
    `${path}/:upload`,
    { onRequest, schema: schema('Give up an upload') },
    async (request, reply) => {
      await subject(request, 'repository').cancelUpload(request.params.upload);
      return reply.code(204).send();
    },
  );
}

/** A repository that the caller has no access to, or that is not there, has nothing to take over. */
async function mountBlob(parts: RegistryParts, request: FastifyRequest, digest: string): Promise<boolean> {
  const repository = subject(request, 'repository');
  const { from } = request.query as UploadQuery;
  if (from === undefined) return repository.mount(digest);
  const [accountName = '', serviceName = '', ...more] = from.split('/');
  const account = more.length === 0 ? await accountFor(parts, request, accountName) : undefined;
  if (account === undefined) return false;
  const service = (await parts.engine.services.list(account)).find(({ name }) => name === serviceName);
  return service !== undefined && repository.mount(digest, service);
}

/** @returns how many bytes are there */
async function append(
  request: FastifyRequest,
  repository: Repository,
  upload: string,
  reply?: FastifyReply,
): Promise<number> {
  try {
    const range = chunkRange(request.headers['content-range']);
    return await repository.appendUpload(upload, passingBodyOf(request.raw), range);
  } catch (error) {
    if (!request.raw.readableEnded) reply?.header('connection', 'close');
    const size = await repository.uploadSize(upload).catch(() => undefined);
    if (size !== undefined) reply?.headers(progressHeaders(request, upload, size));
    throw error;
  }
}

function sendProgress(
  request: FastifyRequest,
  reply: FastifyReply,
  upload: string,
  sizeBytes: number,
): FastifyReply {
  return reply.headers(progressHeaders(request, upload, sizeBytes)).send();
}

function progressHeaders(request: FastifyRequest, upload: string, sizeBytes: number): Record<string, string> {
  return {
    location: `${repositoryPath(request)}/blobs/uploads/${upload}`,
    // The last byte that is there; nothing at all is told in the same way, as Docker's registry does.
    range: `0-${Math.max(0, sizeBytes - 1)}`,
    'docker-upload-uuid': upload,
  };
}

function sendBlob(request: FastifyRequest, reply: FastifyReply, digest: string): FastifyReply {
  return reply
    .code(201)
    .headers({
      location: `${repositoryPath(request)}/blobs/${digest}`,
      'docker-content-digest': digest,
    })
    .send();
}

function repositoryPath(request: FastifyRequest): string {
  const { account, service } = request.params as RepositoryParams;
  return `/v2/${account}/${service}`;
}
