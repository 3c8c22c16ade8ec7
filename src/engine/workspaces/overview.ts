import type { AccessRule, WorkspaceDeployment, WorkspaceInstance } from '../../store/store.ts';
import { knowsOf, mayInstantiate } from './access-policy.ts';
import { type QueueState, queueLength } from './queue-state.ts';

/** Somebody who looks at what there is. */
export interface Onlooker {
  /** Name of their account; undefined for one without. */
  readonly name: string | undefined;
  /** Names of all accounts that they may act for. */
  readonly accounts: readonly string[];
  /** No rule is about them. */
  readonly isExempt: boolean;
}

/** A deployment as somebody sees it. */
export interface DeploymentView {
  readonly deployment: WorkspaceDeployment;
  readonly rules: readonly AccessRule[];
  readonly queueLength: number;
  readonly isOnline: boolean;
  readonly active?: WorkspaceInstance;
  /** The onlooker may have a workspace of it. */
  readonly isPermitted: boolean;
  /** It is the onlooker's. */
  readonly isOwn: boolean;
}

/** Those that somebody knows of, oldest first. */
export function viewsFor(state: QueueState, onlooker: Onlooker): DeploymentView[] {
  return state.slots
    .filter(({ deployment, rules }) => knowsOf(deployment, rules, onlooker))
    .map(slot => ({
      ...slot,
      queueLength: queueLength(state, slot),
      isPermitted: mayInstantiate(slot.deployment, slot.rules, onlooker),
      isOwn: onlooker.accounts.includes(slot.deployment.owner.name),
    }));
}
