import { sql } from 'kysely';
import type { ImageRecords } from '../store.ts';
import type { Database } from './database.ts';
import { queries } from './statement.ts';

/** Tags and the lists that are read page by page. */
export function imageTags(
  database: Database,
): Pick<ImageRecords, 'deleteTag' | 'tags' | 'newestTags' | 'repositories'> {
  const remove = database.prepare((wanted: { serviceId: string; tag: string }) =>
    queries
      .deleteFrom('image_tags')
      .where('service_id', '=', wanted.serviceId)
      .where('name', '=', wanted.tag),
  );
  const page = database.prepare(
    (wanted: { serviceId: string; after: string; foldedAfter: string; limit: number }) =>
      queries
        .selectFrom('image_tags')
        .select('name')
        .where('service_id', '=', wanted.serviceId)
        .where(eb =>
          eb(
            eb.refTuple('folded_name', 'name'),
            '>',
            eb.tuple(eb.val(wanted.foldedAfter), eb.val(wanted.after)),
          ),
        )
        .orderBy('folded_name')
        .orderBy('name')
        .limit(wanted.limit),
  );
  const newest = database.prepare((wanted: { serviceId: string; limit: number }) =>
    queries
      .selectFrom('image_tags')
      .select(['name', 'digest', 'pushed_at'])
      .where('service_id', '=', wanted.serviceId)
      .orderBy('pushed_at', 'desc')
      .orderBy('name', 'desc')
      .limit(wanted.limit),
  );
  const repositories = database.prepare((wanted: { accountId: string; after: string; limit: number }) =>
    queries
      .selectFrom('services')
      .select('name')
      .where('account_id', '=', wanted.accountId)
      .where('name', '>', wanted.after)
      .where(eb =>
        eb.exists(
          eb
            .selectFrom('image_manifests')
            .select(sql`1`.as('one'))
            .whereRef('image_manifests.service_id', '=', 'services.id'),
        ),
      )
      .orderBy('name')
      .limit(wanted.limit),
  );

  return {
    deleteTag: (serviceId, tag) => database.write('power-cut', () => remove.run({ serviceId, tag }) === 1),
    tags: async (serviceId, { after = '', limit }) =>
      page.all({ serviceId, after, foldedAfter: after.toLowerCase(), limit }).map(row => row.name),
    newestTags: async (serviceId, limit) =>
      newest.all({ serviceId, limit }).map(row => ({
        name: row.name,
        digest: row.digest,
        pushedAt: new Date(row.pushed_at),
      })),
    repositories: async (accountId, { after = '', limit }) =>
      repositories.all({ accountId, after, limit }).map(row => row.name),
  };
}
