import { initial } from './0001-initial.ts';
import type { Migration } from './migration.ts';

export type { Migration } from './migration.ts';

/** Every migration of this version of Berth, in order. */
export const migrations: readonly Migration[] = [initial];
