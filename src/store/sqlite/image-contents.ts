import type { ImageRecords } from '../store.ts';
import type { Database } from './database.ts';
import { selectManifests, toManifests } from './image-manifests.ts';
import { queries } from './statement.ts';

/** All that a repository has, at one time. */
export function imageContents(database: Database): Pick<ImageRecords, 'contents'> {
  const manifests = database.prepare((wanted: { serviceId: string }) =>
    selectManifests()
      .where('manifest.service_id', '=', wanted.serviceId)
      .orderBy('manifest.pushed_at', 'desc')
      .orderBy('manifest.digest'),
  );
  const tags = database.prepare((wanted: { serviceId: string }) =>
    queries
      .selectFrom('image_tags')
      .select(['name', 'digest', 'pushed_at'])
      .where('service_id', '=', wanted.serviceId)
      .orderBy('folded_name')
      .orderBy('name'),
  );
  const blobs = database.prepare((wanted: { serviceId: string }) =>
    queries
      .selectFrom('image_blobs')
      .select(['digest', 'size_bytes'])
      .where('service_id', '=', wanted.serviceId)
      .orderBy('digest'),
  );
  return {
    contents: async serviceId => ({
      manifests: toManifests(manifests.all({ serviceId })),
      tags: tags
        .all({ serviceId })
        .map(row => ({ name: row.name, digest: row.digest, pushedAt: new Date(row.pushed_at) })),
      blobs: blobs.all({ serviceId }).map(row => ({ digest: row.digest, sizeBytes: row.size_bytes })),
    }),
  };
}
