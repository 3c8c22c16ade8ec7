import type {
  AccessRule,
  QueueTarget,
  WorkspaceDeployment,
  WorkspaceInstance,
  WorkspaceReservation,
} from '../../store/store.ts';
import { mayInstantiate } from './access-policy.ts';

/** All that decides who gets which workspace, at one moment. */
export interface QueueState {
  /** Of all deployments that there ever were. */
  readonly slots: readonly Slot[];
  /** In their order: the oldest first. */
  readonly reservations: readonly WorkspaceReservation[];
}

export interface Slot {
  readonly deployment: WorkspaceDeployment;
  readonly rules: readonly AccessRule[];
  /** The workspace that it runs. */
  readonly active?: WorkspaceInstance;
  readonly isOnline: boolean;
}

/** What the store has of it. */
export interface QueueRecords {
  readonly deployments: readonly WorkspaceDeployment[];
  readonly rules: readonly AccessRule[];
  readonly active: readonly WorkspaceInstance[];
  readonly reservations: readonly WorkspaceReservation[];
}

export function queueStateOf(
  { deployments, rules, active, reservations }: QueueRecords,
  isOnline: (deployment: WorkspaceDeployment) => boolean,
): QueueState {
  const rulesOf = Map.groupBy(rules, ({ deploymentId }) => deploymentId);
  const activeOf = new Map(active.map(instance => [instance.deploymentId, instance]));
  const slots = deployments.map((deployment): Slot => {
    const instance = activeOf.get(deployment.id);
    return {
      deployment,
      rules: rulesOf.get(deployment.id) ?? [],
      isOnline: deployment.dissolvedAt === undefined && isOnline(deployment),
      ...(instance && { active: instance }),
    };
  });
  return { slots, reservations };
}

/** Whether a reservation may be met by a deployment. */
export function matches(target: QueueTarget, { id, type }: WorkspaceDeployment): boolean {
  if (target.kind === 'type') return target.type === type;
  return target.ids.includes(id);
}

export function matching(state: QueueState, deployment: WorkspaceDeployment): WorkspaceReservation[] {
  return state.reservations.filter(({ target }) => matches(target, deployment));
}

/** 0 where nobody uses or waits for it, else 1 and those who wait. */
export function queueLength(state: QueueState, { deployment, active }: Slot): number {
  const waiting = matching(state, deployment).length;
  return active === undefined && waiting === 0 ? 0 : 1 + waiting;
}

/** A workspace could begin in it at once. */
export function isFree({ deployment, active, isOnline }: Slot): boolean {
  return isOnline && active === undefined && !deployment.isLocked && deployment.dissolvedAt === undefined;
}

/** Whether somebody who asks, or waits, may have a workspace of it. */
export function isPermitted(
  { deployment, rules }: Slot,
  {
    account,
    isExempt,
  }: { readonly account: { readonly name: string; readonly enabled?: boolean }; readonly isExempt: boolean },
): boolean {
  return account.enabled !== false && mayInstantiate(deployment, rules, { name: account.name, isExempt });
}

/** How many workspaces of an account are active. */
export function activeCount({ slots }: QueueState, accountId: string): number {
  return slots.filter(({ active }) => active?.account.id === accountId).length;
}

/** Which of several deployments is taken: the newest version, the least used, then by id; of a list the least wanted. */
export function inOrderOfChoice(state: QueueState, target: QueueTarget, slots: readonly Slot[]): Slot[] {
  const byUse = slots.toSorted(
    ({ deployment: a }, { deployment: b }) =>
      b.typeVersion - a.typeVersion || a.finishedCount - b.finishedCount || (a.id < b.id ? -1 : 1),
  );
  if (target.kind === 'type') return byUse;
  return byUse.toSorted((a, b) => queueLength(state, a) - queueLength(state, b));
}
