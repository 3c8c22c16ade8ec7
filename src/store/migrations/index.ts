import { initial } from './0001-initial.ts';
import { images } from './0002-images.ts';
import { spawnTokens } from './0003-spawn-tokens.ts';
import { sandboxes } from './0004-sandboxes.ts';
import { users } from './0005-users.ts';
import { imageDigests } from './0006-image-digests.ts';
import { workloadImages } from './0007-workload-images.ts';
import { serviceProgress } from './0008-service-progress.ts';
import { sandboxTasks } from './0009-sandbox-tasks.ts';
import { workspaces } from './0010-workspaces.ts';
import { workspaceFirewalls } from './0011-workspace-firewalls.ts';
import type { Migration } from './migration.ts';

export type { Migration } from './migration.ts';

/** Every migration of this version of Berth, in order. */
export const migrations: readonly Migration[] = [
  initial,
  images,
  spawnTokens,
  sandboxes,
  users,
  imageDigests,
  workloadImages,
  serviceProgress,
  sandboxTasks,
  workspaces,
  workspaceFirewalls,
];
