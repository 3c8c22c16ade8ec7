import type { DeploymentView, InstanceView, WorkspaceInstance } from '../../../engine/index.ts';
import type { Caller } from '../caller.ts';
import { deploymentShape } from '../deployments/shapes.ts';
import { timestamp, zonedTimestamp } from '../times.ts';
import { statusNames } from './statuses.ts';

/** @param ipv4 where this server is reached */
export function instanceShape(
  { instance, wayIn }: InstanceView,
  view: DeploymentView,
  caller: Caller,
  ipv4: string,
): object {
  const { id, status, startedAt, endedAt, expiresAt, account } = instance;
  const { deployment } = view;
  const isOpen = status === 'starting' || status === 'ready';
  return {
    id,
    deployment: deployment.id,
    type: deployment.type,
    region: deployment.region,
    status: statusNames[status],
    starttime: timestamp(startedAt),
    ...(endedAt && { endtime: timestamp(endedAt) }),
    rootuser: account.name,
    ...(expiresAt && { expires: timestamp(expiresAt) }),
    ...(isOpen && wayIn && { fwd: { ipv4, port: wayIn.port } }),
    ...(wayIn && { hostkeys: wayIn.hostKeys }),
    wdinfo: deploymentShape(view, caller),
  };
}

/** What a list with details tells. */
export function listedInstanceShape(instance: WorkspaceInstance, { deployment }: DeploymentView): object {
  const { id, status, startedAt, endedAt, account } = instance;
  return {
    id,
    status: statusNames[status],
    deployment: deployment.id,
    type: deployment.type,
    region: deployment.region,
    starttime: zonedTimestamp(startedAt),
    rootuser: account.name,
    ...(endedAt && { endtime: zonedTimestamp(endedAt) }),
  };
}
