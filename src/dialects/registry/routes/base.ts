import type { FastifyInstance } from 'fastify';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, subject } from '../access.ts';
import { readPage } from '../paging.ts';
import type { RegistryParts } from '../parts.ts';
import { type PageQuery, pageQuery } from '../schemas.ts';

/** Names of one part, and of three, for which clients may ask. */
const otherNames = [':account', ':account/:service/:more'];

/** What is about the registry as a whole. */
export function baseRoutes(app: FastifyInstance, { images }: RegistryParts, access: AccessChecks): void {
  app.get(
    '/v2',
    { onRequest: [...access.signedIn], schema: { summary: 'Whether this registry may be used' } },
    async () => ({}),
  );

  app.get<{ Querystring: PageQuery }>(
    '/v2/_catalog',
    {
      onRequest: [...access.signedIn],
      schema: { summary: 'Repositories of the account that have images', querystring: pageQuery },
    },
    async (request, reply) => {
      const { account } = subject(request, 'caller').principal;
      const { last, ...query } = request.query;
      const prefix = `${account.name}/`;
      const after = last?.startsWith(prefix) ? last.slice(prefix.length) : last;
      const page = { ...query, ...(after !== undefined && { last: after }) };
      const names = await readPage(reply, '/v2/_catalog', page, wanted =>
        images.repositoryNames(account.id, wanted),
      );
      return { repositories: names.map(name => prefix + name) };
    },
  );

  for (const name of otherNames) {
    const refuse = async () => {
      throw new BerthError('not-found', 'a repository is called ACCOUNT/SERVICE');
    };
    const options = { onRequest: [...access.signedIn], schema: { summary: 'No repository', hide: true } };
    app.get(`/v2/${name}/manifests/:reference`, options, refuse);
    app.put(`/v2/${name}/manifests/:reference`, { ...options, bodyLimit: Number.MAX_SAFE_INTEGER }, refuse);
    app.post(`/v2/${name}/blobs/uploads`, { ...options, bodyLimit: Number.MAX_SAFE_INTEGER }, refuse);
    app.head(`/v2/${name}/blobs/:digest`, options, refuse);
  }
}
