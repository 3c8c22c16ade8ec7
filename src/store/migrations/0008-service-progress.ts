import type { Migration } from './migration.ts';

/** How a sandbox's service ended last, and whether it runs by a definition that is no longer the present one. */
export const serviceProgress: Migration = {
  number: 8,
  name: 'service-progress',
  up: connection => connection.exec(definition),
};

const definition = `
  alter table sandbox_services add column exit_code integer;
  alter table sandbox_services add column is_outdated integer not null default 0;
`;
