import { sql } from 'kysely';
import type { ImageRecords, ManifestRecord } from '../store.ts';
import type { Database } from './database.ts';
import { fromManifestRow, type ManifestWithNeedsRow, toManifestRow } from './image-rows.ts';
import type { ImageManifestRow, ImageNeedRow, ImageTagRow } from './schema.ts';
import { queries } from './statement.ts';

type ManifestMethods = 'putManifest' | 'manifest' | 'manifestOfTag' | 'referrers' | 'deleteManifest';

export function imageManifests(database: Database): Pick<ImageRecords, ManifestMethods> {
  const put = manifestWriter(database);
  const byDigest = database.prepare((wanted: { serviceId: string; digest: string }) =>
    selectManifests()
      .where('manifest.service_id', '=', wanted.serviceId)
      .where('manifest.digest', '=', wanted.digest),
  );
  const byTag = database.prepare((wanted: { serviceId: string; tag: string }) =>
    selectManifests()
      .innerJoin('image_tags as tag', join =>
        join.onRef('tag.service_id', '=', 'manifest.service_id').onRef('tag.digest', '=', 'manifest.digest'),
      )
      .where('tag.service_id', '=', wanted.serviceId)
      .where('tag.name', '=', wanted.tag),
  );
  const bySubject = database.prepare((wanted: { serviceId: string; subject: string }) =>
    selectManifests()
      .where('manifest.service_id', '=', wanted.serviceId)
      .where('manifest.subject', '=', wanted.subject)
      .orderBy('manifest.digest'),
  );
  const remove = database.prepare((wanted: { serviceId: string; digest: string }) =>
    queries
      .deleteFrom('image_manifests')
      .where('service_id', '=', wanted.serviceId)
      .where('digest', '=', wanted.digest),
  );

  return {
    putManifest: (manifest, tag) => database.write('power-cut', () => put(manifest, tag)),
    manifest: async (serviceId, digest) => toManifests(byDigest.all({ serviceId, digest }))[0],
    manifestOfTag: async (serviceId, tag) => toManifests(byTag.all({ serviceId, tag }))[0],
    referrers: async (serviceId, subject) => toManifests(bySubject.all({ serviceId, subject })),
    deleteManifest: (serviceId, digest) =>
      database.write('power-cut', () => remove.run({ serviceId, digest }) === 1),
  };
}

/** For use inside a write. */
function manifestWriter(database: Database) {
  const insert = database.prepare((row: ImageManifestRow) =>
    queries
      .insertInto('image_manifests')
      .values({
        service_id: row.service_id,
        digest: row.digest,
        media_type: row.media_type,
        size_bytes: row.size_bytes,
        pushed_at: row.pushed_at,
        subject: row.subject,
        artifact_type: row.artifact_type,
        annotations: row.annotations,
      })
      .onConflict(conflict =>
        conflict
          .columns(['service_id', 'digest'])
          .doUpdateSet({ pushed_at: sql`excluded.pushed_at`, media_type: sql`excluded.media_type` }),
      ),
  );
  const insertNeed = database.prepare((row: ImageNeedRow) =>
    queries
      .insertInto('image_needs')
      .values({ service_id: row.service_id, manifest: row.manifest, digest: row.digest, kind: row.kind })
      .onConflict(conflict => conflict.columns(['service_id', 'manifest', 'digest']).doNothing()),
  );
  const pointTag = database.prepare((row: ImageTagRow) =>
    queries
      .insertInto('image_tags')
      .values({
        service_id: row.service_id,
        name: row.name,
        folded_name: row.folded_name,
        digest: row.digest,
        pushed_at: row.pushed_at,
      })
      .onConflict(conflict =>
        conflict
          .columns(['service_id', 'name'])
          .doUpdateSet({ digest: sql`excluded.digest`, pushed_at: sql`excluded.pushed_at` }),
      ),
  );
  const has = {
    blob: database.prepare((wanted: { serviceId: string; digest: string }) =>
      queries
        .selectFrom('image_blobs')
        .select('digest')
        .where('service_id', '=', wanted.serviceId)
        .where('digest', '=', wanted.digest),
    ),
    manifest: database.prepare((wanted: { serviceId: string; digest: string }) =>
      queries
        .selectFrom('image_manifests')
        .select('digest')
        .where('service_id', '=', wanted.serviceId)
        .where('digest', '=', wanted.digest),
    ),
  };

  return (manifest: ManifestRecord, tag: string | undefined): { missing: string[] } => {
    const { serviceId, digest, needs, pushedAt } = manifest;
    const missing = needs.filter(
      need => has[need.kind].get({ serviceId, digest: need.digest }) === undefined,
    );
    if (missing.length > 0) return { missing: missing.map(need => need.digest) };
    insert.run(toManifestRow(manifest));
    for (const need of needs) {
      insertNeed.run({ service_id: serviceId, manifest: digest, digest: need.digest, kind: need.kind });
    }
    if (tag !== undefined) {
      pointTag.run({
        service_id: serviceId,
        name: tag,
        folded_name: tag.toLowerCase(),
        digest,
        pushed_at: pushedAt.getTime(),
      });
    }
    return { missing: [] };
  };
}

/** A row for each thing that a manifest needs, or one where it needs nothing. */
export function selectManifests() {
  return queries
    .selectFrom('image_manifests as manifest')
    .leftJoin('image_needs as need', join =>
      join
        .onRef('need.service_id', '=', 'manifest.service_id')
        .onRef('need.manifest', '=', 'manifest.digest'),
    )
    .selectAll('manifest')
    .select(['need.digest as need_digest', 'need.kind as need_kind']);
}

/** @param rows those of one manifest may be anywhere */
export function toManifests(rows: readonly ManifestWithNeedsRow[]): ManifestRecord[] {
  return [...Map.groupBy(rows, row => row.digest).values()].map(fromManifestRow);
}
