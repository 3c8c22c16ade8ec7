import type { WorkloadAccount } from '../../runtime/runtime.ts';
import type { WorkloadPlan, WorkspaceDeployment } from '../../store/store.ts';

/** What a workspace looks like to what runs in it. */
export interface WorkspaceLayout {
  /** Whom everything in it runs as. */
  readonly account: WorkloadAccount;
  /** Variable that tells programs in it its id. */
  readonly idVariable: string;
}

/** What a local workspace runs: nothing by itself; everything in it comes through exec. */
export function planWorkspace(
  id: string,
  { image }: Pick<WorkspaceDeployment, 'image'>,
  { account, idVariable }: WorkspaceLayout,
): WorkloadPlan {
  return {
    image: image ?? { kind: 'host' },
    idle: true,
    account,
    env: { HOME: account.home, USER: account.name, LANG: 'C.UTF-8', [idVariable]: id },
    limits: {},
  };
}
