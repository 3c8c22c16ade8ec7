import type { Migration } from './migration.ts';

export const imageDigests: Migration = {
  number: 6,
  name: 'image-digests',
  up: connection => connection.exec('alter table journal add column image_digest text'),
};
