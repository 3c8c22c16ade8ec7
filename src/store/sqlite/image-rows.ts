import type { ManifestNeed, ManifestRecord } from '../store.ts';
import type { ImageManifestRow } from './schema.ts';

/** A manifest joined with one of the things that it needs, if it needs any. */
export interface ManifestWithNeedsRow extends ImageManifestRow {
  need_digest: string | null;
  need_kind: ManifestNeed['kind'] | null;
}

export function toManifestRow(manifest: ManifestRecord): ImageManifestRow {
  return {
    service_id: manifest.serviceId,
    digest: manifest.digest,
    media_type: manifest.mediaType,
    size_bytes: manifest.sizeBytes,
    pushed_at: manifest.pushedAt.getTime(),
    subject: manifest.subject ?? null,
    artifact_type: manifest.artifactType ?? null,
    annotations: manifest.annotations === undefined ? null : JSON.stringify(manifest.annotations),
  };
}

/** @param rows all of one manifest */
export function fromManifestRow(rows: readonly ManifestWithNeedsRow[]): ManifestRecord {
  const [row] = rows;
  if (row === undefined) throw new Error('a manifest has at least one row');
  return {
    serviceId: row.service_id,
    digest: row.digest,
    mediaType: row.media_type,
    sizeBytes: row.size_bytes,
    pushedAt: new Date(row.pushed_at),
    needs: rows.flatMap(({ need_digest: digest, need_kind: kind }) =>
      digest === null || kind === null ? [] : [{ digest, kind }],
    ),
    ...(row.subject !== null && { subject: row.subject }),
    ...(row.artifact_type !== null && { artifactType: row.artifact_type }),
    ...(row.annotations !== null && { annotations: JSON.parse(row.annotations) as Record<string, string> }),
  };
}
