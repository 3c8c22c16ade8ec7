import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { Service } from '../../../engine/index.ts';
import type { Account } from '../../../identity/index.ts';
import type { ListedImage } from '../../../images/index.ts';
import { type AccessChecks, accountNamed, principalOf } from '../access.ts';
import type { BerthParts } from '../parts.ts';

const maxListed = 1_000;

const accountQuery = Type.Object({ account: Type.Optional(Type.String()) });
const listQuery = Type.Object({
  account: Type.Optional(Type.String()),
  service: Type.Optional(Type.String({ description: 'only the images of this one' })),
});
const imageParams = Type.Object({
  service: Type.String(),
  reference: Type.String({ description: 'tag or digest' }),
});

/** The images of an account's services, and the disk that they take. */
export function imageRoutes(app: FastifyInstance, parts: BerthParts, access: AccessChecks): void {
  const { engine, identity, images } = parts;
  const onRequest = [...access.token];

  app.get<{ Querystring: Type.Static<typeof listQuery> }>(
    '/berth/v1/images',
    { onRequest, schema: { summary: 'List images, newest first', querystring: listQuery } },
    async request => {
      const { account: name, service: only } = request.query;
      const account = await accountNamed(identity, principalOf(request), name);
      const services =
        only === undefined ? await engine.services.list(account) : [await engine.services.get(account, only)];
      const found = await Promise.all(
        services.map(async service =>
          (await images.repository(service).images()).map(image => shape(image, account, service)),
        ),
      );
      const sorted = found.flat().toSorted((a, b) => b.pushed_at.getTime() - a.pushed_at.getTime());
      return { images: sorted.slice(0, maxListed), is_complete: sorted.length <= maxListed };
    },
  );

  app.get<{ Querystring: Type.Static<typeof accountQuery> }>(
    '/berth/v1/images/usage',
    { onRequest, schema: { summary: 'The disk that images take', querystring: accountQuery } },
    async request => {
      const principal = principalOf(request);
      const account = await accountNamed(identity, principal, request.query.account);
      const services = await engine.services.list(account);
      const stored = await Promise.all(services.map(service => images.repository(service).storedBytes()));
      // What services share is there once.
      const bytes = new Map(stored.flatMap(one => [...one]));
      const total = [...bytes.values()].reduce((sum, size) => sum + size, 0);
      const own = { account: account.name, account_bytes: total };
      return principal.isAdmin ? { ...own, server: await serverUsage(parts) } : own;
    },
  );

  app.delete<{
    Params: Type.Static<typeof imageParams>;
    Querystring: Type.Static<typeof accountQuery>;
  }>(
    '/berth/v1/images/:service/:reference',
    {
      onRequest,
      schema: {
        summary: 'Remove a tag, with its image where nothing else names that; or an image by its digest',
        params: imageParams,
        querystring: accountQuery,
      },
    },
    async request => {
      const account = await accountNamed(identity, principalOf(request), request.query.account);
      const service = await engine.services.get(account, request.params.service);
      const removed = await images.repository(service).removeImage(request.params.reference);
      return { status: 'ok', removed_tags: removed.tags, removed_digests: removed.digests };
    },
  );
}

async function serverUsage({ images }: BerthParts) {
  const { blobBytes, uploadBytes, layerBytes } = images.usage;
  const { maxStoreBytes, maxLayersBytes } = images.limits;
  return {
    packed_bytes: blobBytes,
    upload_bytes: uploadBytes,
    unpacked_bytes: layerBytes,
    max_packed_bytes: maxStoreBytes === 0 ? null : maxStoreBytes,
    max_unpacked_bytes: maxLayersBytes === 0 ? null : maxLayersBytes,
    free_disk_bytes: await images.freeDiskBytes(),
  };
}

function shape(image: ListedImage, account: Account, service: Service) {
  return {
    repository: `${account.name}/${service.name}`,
    service: service.name,
    digest: image.digest,
    media_type: image.mediaType,
    tags: image.tags,
    pushed_at: image.pushedAt,
    size_bytes: image.sizeBytes,
  };
}
