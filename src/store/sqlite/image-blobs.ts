import { sql } from 'kysely';
import type { BlobRecord, ImageRecords } from '../store.ts';
import type { Database } from './database.ts';
import type { ImageBlobRow } from './schema.ts';
import { queries } from './statement.ts';

type BlobMethods = 'addBlob' | 'blob' | 'blobOfAccount' | 'seeBlob' | 'deleteBlob';

export function imageBlobs(database: Database): Pick<ImageRecords, BlobMethods> {
  const insert = database.prepare((row: ImageBlobRow) =>
    queries
      .insertInto('image_blobs')
      .columns(['service_id', 'digest', 'size_bytes', 'seen_at'])
      // No row where there is no such service.
      .expression(
        queries
          .selectFrom('services')
          .select(eb => [
            'id',
            eb.val(row.digest).as('digest'),
            eb.val(row.size_bytes).as('size_bytes'),
            eb.val(row.seen_at).as('seen_at'),
          ])
          .where('id', '=', row.service_id),
      )
      .onConflict(conflict =>
        conflict.columns(['service_id', 'digest']).doUpdateSet({ seen_at: sql`excluded.seen_at` }),
      ),
  );
  const byDigest = database.prepare((wanted: { serviceId: string; digest: string }) =>
    queries
      .selectFrom('image_blobs')
      .select(['digest', 'size_bytes'])
      .where('service_id', '=', wanted.serviceId)
      .where('digest', '=', wanted.digest),
  );
  const ofAccount = database.prepare((wanted: { accountId: string; digest: string }) =>
    queries
      .selectFrom('image_blobs')
      .innerJoin('services', 'services.id', 'image_blobs.service_id')
      .select(['digest', 'size_bytes'])
      .where('image_blobs.digest', '=', wanted.digest)
      .where('services.account_id', '=', wanted.accountId)
      .limit(1),
  );
  const see = database.prepare((seen: { serviceId: string; digest: string; at: number }) =>
    queries
      .updateTable('image_blobs')
      .set({ seen_at: seen.at })
      .where('service_id', '=', seen.serviceId)
      .where('digest', '=', seen.digest),
  );
  const needed = database.prepare((wanted: { serviceId: string; digest: string }) =>
    queries
      .selectFrom('image_needs')
      .select('manifest')
      .where('service_id', '=', wanted.serviceId)
      .where('digest', '=', wanted.digest)
      .limit(1),
  );
  const remove = database.prepare((wanted: { serviceId: string; digest: string }) =>
    queries
      .deleteFrom('image_blobs')
      .where('service_id', '=', wanted.serviceId)
      .where('digest', '=', wanted.digest),
  );

  return {
    addBlob: (serviceId, { digest, sizeBytes }, seenAt) =>
      database.write(
        'power-cut',
        () =>
          insert.run({
            service_id: serviceId,
            digest,
            size_bytes: sizeBytes,
            seen_at: seenAt.getTime(),
          }) === 1,
      ),
    blob: async (serviceId, digest) => toBlob(byDigest.get({ serviceId, digest })),
    blobOfAccount: async (accountId, digest) => toBlob(ofAccount.get({ accountId, digest })),
    seeBlob: (serviceId, digest, seenAt) =>
      database.write('kill', () => void see.run({ serviceId, digest, at: seenAt.getTime() })),
    deleteBlob: (serviceId, digest) =>
      database.write('power-cut', () => {
        if (needed.get({ serviceId, digest }) !== undefined) return 'needed';
        return remove.run({ serviceId, digest }) === 1 ? 'deleted' : 'unknown';
      }),
  };
}

function toBlob(row: Pick<ImageBlobRow, 'digest' | 'size_bytes'> | undefined): BlobRecord | undefined {
  return row && { digest: row.digest, sizeBytes: row.size_bytes };
}
