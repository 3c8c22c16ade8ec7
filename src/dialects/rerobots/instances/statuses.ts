import type { InstanceStatus } from '../../../engine/index.ts';

/** Clients compare these words. */
export const statusNames: Readonly<Record<InstanceStatus, string>> = {
  starting: 'INIT',
  ready: 'READY',
  stopping: 'TERMINATING',
  ended: 'TERMINATED',
  failed: 'INIT_FAIL',
};
