import type { WorkspaceLayout } from '../../engine/index.ts';

/** What clients expect of a workspace. */
export const workspaceLayout: WorkspaceLayout = {
  account: { name: 'root', uid: 0, gid: 0, home: '/root' },
  idVariable: 'REROBOTS_INSTANCE',
};
