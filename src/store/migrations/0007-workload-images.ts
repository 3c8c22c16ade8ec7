import type { Migration } from './migration.ts';

/** Which image a workload runs from: noted as soon as it is known, so no longer with a step of the journal. */
export const workloadImages: Migration = {
  number: 7,
  name: 'workload-images',
  up: connection => connection.exec(definition),
};

const definition = `
  alter table workloads add column image_digest text;
  update workloads set image_digest = (
    select image_digest from journal where workload_id = workloads.id and image_digest is not null limit 1
  );
  alter table journal drop column image_digest;
  create index live_workloads_of_image on workloads (image_digest) where ended_at is null and image_digest is not null;
`;
