import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ImageError, maxManifestBytes } from '../../../images/index.ts';
import { type AccessChecks, subject } from '../access.ts';
import { bodyOf } from '../body.ts';
import { type RepositoryParams, repositoryParams } from '../schemas.ts';

const path = '/v2/:account/:service/manifests/:reference';

/** {@link wholeBody} has the limit. */
const bodyLimit = Number.MAX_SAFE_INTEGER;

interface ManifestRoute {
  /** `reference` is a tag or a digest. */
  readonly Params: RepositoryParams & { readonly reference: string };
}

export function manifestRoutes(app: FastifyInstance, access: AccessChecks): void {
  const onRequest = [...access.repository];
  const schema = (summary: string) => ({ summary, params: repositoryParams });

  app.head<ManifestRoute>(
    path,
    { onRequest, schema: schema('Whether a manifest is there') },
    async (request, reply) => {
      const manifest = await subject(request, 'repository').manifest(request.params.reference);
      return describe(reply, manifest).header('content-length', manifest.sizeBytes).send();
    },
  );

  app.get<ManifestRoute>(
    path,
    { onRequest, exposeHeadRoute: false, schema: schema('A manifest') },
    async (request, reply) => {
      const repository = subject(request, 'repository');
      const manifest = await repository.manifest(request.params.reference);
      const content = await repository.manifestContent(manifest);
      return describe(reply, manifest).send(content);
    },
  );

  app.put<ManifestRoute>(
    path,
    { onRequest, bodyLimit, schema: schema('Store a manifest, by tag or digest') },
    async (request, reply) => {
      const content = await wholeBody(request);
      const { account, service, reference } = request.params;
      const type = request.headers['content-type'];
      const manifest = await subject(request, 'repository').putManifest(reference, content, type);
      return reply
        .code(201)
        .headers({
          location: `/v2/${account}/${service}/manifests/${manifest.digest}`,
          'docker-content-digest': manifest.digest,
          ...(manifest.subject !== undefined && { 'oci-subject': manifest.subject }),
        })
        .send();
    },
  );

  app.delete<ManifestRoute>(
    path,
    { onRequest, schema: schema('Delete a manifest with its tags, or one tag') },
    async (request, reply) => {
      await subject(request, 'repository').deleteManifest(request.params.reference);
      return reply.code(202).send();
    },
  );
}

function describe(reply: FastifyReply, manifest: { mediaType: string; digest: string }): FastifyReply {
  return reply.headers({
    'content-type': manifest.mediaType,
    'docker-content-digest': manifest.digest,
    etag: `"${manifest.digest}"`,
  });
}

/** @throws {ImageError} `too-large` */
async function wholeBody({ raw }: FastifyRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of bodyOf(raw)) {
    bytes += chunk.length;
    if (bytes > maxManifestBytes) {
      throw new ImageError('too-large', `a manifest may have ${maxManifestBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
