import { sql } from 'kysely';
import type { ImageRecords } from '../store.ts';
import type { Database } from './database.ts';
import type { ImageBlobRow } from './schema.ts';
import { queries } from './statement.ts';

/** What may go because nobody needs it. */
export function imageCollection(
  database: Database,
): Pick<ImageRecords, 'isKept' | 'unusedManifests' | 'deleteUnusedManifest' | 'deleteUnusedBlobs'> {
  const blobs = database.prepare((wanted: { digest: string }) =>
    queries.selectFrom('image_blobs').select('digest').where('digest', '=', wanted.digest).limit(1),
  );
  const manifests = database.prepare((wanted: { digest: string }) =>
    queries.selectFrom('image_manifests').select('digest').where('digest', '=', wanted.digest).limit(1),
  );
  const unusedManifests = database.prepare((wanted: { before: number; limit: number }) =>
    selectUnusedManifests()
      .where('manifest.pushed_at', '<', wanted.before)
      .orderBy('manifest.pushed_at')
      .limit(wanted.limit),
  );
  const unusedManifest = database.prepare((wanted: { serviceId: string; digest: string }) =>
    selectUnusedManifests()
      .where('manifest.service_id', '=', wanted.serviceId)
      .where('manifest.digest', '=', wanted.digest),
  );
  const removeManifest = database.prepare((wanted: { serviceId: string; digest: string }) =>
    queries
      .deleteFrom('image_manifests')
      .where('service_id', '=', wanted.serviceId)
      .where('digest', '=', wanted.digest),
  );
  const unusedBlobs = database.prepare((wanted: { before: number; limit: number }) =>
    queries
      .selectFrom('image_blobs as blob')
      .select(['blob.service_id', 'blob.digest'])
      .where('blob.seen_at', '<', wanted.before)
      .where(eb =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('image_needs as need')
              .select(sql`1`.as('one'))
              .whereRef('need.service_id', '=', 'blob.service_id')
              .whereRef('need.digest', '=', 'blob.digest'),
          ),
        ),
      )
      .limit(wanted.limit),
  );
  const removeBlob = database.prepare((row: Pick<ImageBlobRow, 'service_id' | 'digest'>) =>
    queries
      .deleteFrom('image_blobs')
      .where('service_id', '=', row.service_id)
      .where('digest', '=', row.digest),
  );

  return {
    isKept: async digest => blobs.get({ digest }) !== undefined || manifests.get({ digest }) !== undefined,
    unusedManifests: async (before, limit) =>
      unusedManifests
        .all({ before: before.getTime(), limit })
        .map(row => ({ serviceId: row.service_id, digest: row.digest })),
    deleteUnusedManifest: (serviceId, digest) =>
      database.write('power-cut', () => {
        if (unusedManifest.get({ serviceId, digest }) === undefined) return false;
        return removeManifest.run({ serviceId, digest }) === 1;
      }),
    deleteUnusedBlobs: (before, limit) =>
      database.write('kill', () => {
        const rows = unusedBlobs.all({ before: before.getTime(), limit });
        for (const row of rows) removeBlob.run(row);
        return rows.length;
      }),
  };
}

function selectUnusedManifests() {
  return queries
    .selectFrom('image_manifests as manifest')
    .select(['manifest.service_id', 'manifest.digest'])
    .where(eb =>
      eb.and([
        eb.not(
          eb.exists(
            eb
              .selectFrom('image_tags as tag')
              .select(sql`1`.as('one'))
              .whereRef('tag.service_id', '=', 'manifest.service_id')
              .whereRef('tag.digest', '=', 'manifest.digest'),
          ),
        ),
        eb.not(
          eb.exists(
            eb
              .selectFrom('image_needs as need')
              .select(sql`1`.as('one'))
              .whereRef('need.service_id', '=', 'manifest.service_id')
              .whereRef('need.digest', '=', 'manifest.digest'),
          ),
        ),
        eb.not(
          eb.exists(
            eb
              .selectFrom('image_manifests as subject')
              .select(sql`1`.as('one'))
              .whereRef('subject.service_id', '=', 'manifest.service_id')
              .whereRef('subject.digest', '=', 'manifest.subject'),
          ),
        ),
        eb.not(
          eb.exists(
            eb
              .selectFrom('service_environments as environment')
              .select(sql`1`.as('one'))
              .whereRef('environment.service_id', '=', 'manifest.service_id')
              .whereRef('environment.image_tag', '=', 'manifest.digest'),
          ),
        ),
        eb.not(
          eb.exists(
            eb
              .selectFrom('workloads')
              .select(sql`1`.as('one'))
              .whereRef('workloads.image_digest', '=', 'manifest.digest')
              .where('workloads.ended_at', 'is', null),
          ),
        ),
      ]),
    );
}
