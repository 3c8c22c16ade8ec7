import type { Migration } from './migration.ts';

/** What repositories of images have. A repository is a service and goes with it. */
export const images: Migration = {
  number: 2,
  name: 'images',
  up: connection => connection.exec(definition),
};

const definition = `
  create table image_blobs (
    service_id text not null references services (id) on delete cascade,
    digest text not null,
    size_bytes integer not null,
    seen_at integer not null,
    primary key (service_id, digest)
  ) strict, without rowid;
  create index image_blobs_by_digest on image_blobs (digest);
  create index image_blobs_by_age on image_blobs (seen_at);

  create table image_manifests (
    service_id text not null references services (id) on delete cascade,
    digest text not null,
    media_type text not null,
    size_bytes integer not null,
    pushed_at integer not null,
    subject text, -- a digest
    artifact_type text,
    annotations text, -- JSON
    primary key (service_id, digest)
  ) strict, without rowid;
  create index image_manifests_by_digest on image_manifests (digest);
  create index image_manifests_by_age on image_manifests (pushed_at);
  create index image_manifests_by_subject on image_manifests (service_id, subject) where subject is not null;

  -- What a manifest is not complete without.
  create table image_needs (
    service_id text not null,
    manifest text not null,
    digest text not null,
    kind text not null check (kind in ('blob', 'manifest')),
    primary key (service_id, manifest, digest),
    foreign key (service_id, manifest) references image_manifests (service_id, digest) on delete cascade
  ) strict, without rowid;
  create index image_needs_by_digest on image_needs (service_id, digest);

  create table image_tags (
    service_id text not null,
    name text not null,
    folded_name text not null, -- in small letters, for the order
    digest text not null,
    pushed_at integer not null,
    primary key (service_id, name),
    foreign key (service_id, digest) references image_manifests (service_id, digest) on delete cascade
  ) strict, without rowid;
  create index image_tags_in_order on image_tags (service_id, folded_name, name);
  create index image_tags_by_age on image_tags (service_id, pushed_at);
  create index image_tags_by_digest on image_tags (service_id, digest);
`;
