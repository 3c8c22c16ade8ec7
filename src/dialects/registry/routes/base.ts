import type { FastifyInstance } from 'fastify';
import { type AccessChecks, subject } from '../access.ts';
import { readPage } from '../paging.ts';
import type { RegistryParts } from '../parts.ts';
import { type PageQuery, pageQuery } from '../schemas.ts';

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
}
