import type { AccessRule, DeploymentView } from '../../../engine/index.ts';
import type { Caller } from '../caller.ts';
import { timestamp } from '../times.ts';

/** What lists tell of a deployment. */
export function infoShape({ deployment, queueLength }: DeploymentView): object {
  return {
    type: deployment.type,
    type_version: deployment.typeVersion,
    supported_addons: [],
    desc: deployment.description,
    region: deployment.region,
    icounter: deployment.finishedCount,
    created: timestamp(deployment.createdAt),
    queuelen: queueLength,
  };
}

/** @param caller undefined for one without a token */
export function deploymentShape(view: DeploymentView, caller: Caller | undefined): object {
  const { deployment, isOnline, active } = view;
  return {
    id: deployment.id,
    ...infoShape(view),
    kind: deployment.kind,
    online: isOnline,
    ...(deployment.isLocked && { lockout: true }),
    ...(deployment.dissolvedAt && { dissolved: timestamp(deployment.dissolvedAt) }),
    ...(active !== undefined && active.account.id === caller?.accountId && { instance: active.id }),
  };
}

export function ruleShape({ number, createdAt, subject, deploymentId, allows }: AccessRule): object {
  return {
    id: number,
    date_created: timestamp(createdAt),
    user: subject,
    wdeployment_id: deploymentId,
    capability: allows ? 'CAP_INSTANTIATE' : 'CAP_NO_INSTANTIATE',
    param: null,
  };
}
