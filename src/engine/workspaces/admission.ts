import type { InstanceOptions, QueueTarget, WorkspaceDeployment } from '../../store/store.ts';
import { knowsOf } from './access-policy.ts';
import { hasAll, isAwaited, type QueueLimits } from './hand-over.ts';
import { inOrderOfChoice, isFree, isPermitted, matches, type QueueState, type Slot } from './queue-state.ts';

/** Somebody who asks for a workspace. */
export interface AdmissionRequest {
  readonly account: { readonly id: string; readonly name: string };
  /** Names of all accounts that they may act for. */
  readonly accounts: readonly string[];
  /** No rule is about them. */
  readonly isExempt: boolean;
  readonly target: QueueTarget;
  readonly options: InstanceOptions;
  /** They wait where it can't begin now. */
  readonly waits: boolean;
  /** How long, at most; for ever when absent. */
  readonly waitMs?: number;
  /** One of theirs that is there already will do. */
  readonly joinsOwn: boolean;
}

export interface AdmissionTerms extends QueueLimits {
  readonly now: Date;
  readonly hasVpn: (deployment: WorkspaceDeployment) => boolean;
}

export type RefusalReason =
  | 'unknown'
  | 'some-unknown'
  | 'dissolved'
  | 'some-dissolved'
  | 'mixed-types'
  | 'locked'
  | 'offline'
  | 'denied'
  | 'no-vpn'
  | 'busy'
  | 'too-many-active'
  | 'too-many-reservations';

export type Decision =
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  | { readonly kind: 'joined'; readonly instanceId: string }
  | { readonly kind: 'starts'; readonly deployment: WorkspaceDeployment }
  | { readonly kind: 'waits' };

/** What becomes of a request. The order of the checks is the published one. */
export function decideAdmission(
  state: QueueState,
  request: AdmissionRequest,
  terms: AdmissionTerms,
): Decision {
  const { account, target, options, waits } = request;
  const known = state.slots.filter(slot => matches(target, slot.deployment) && isKnown(slot, request));
  const lost = unknownOrGone(known, target);
  if (lost !== undefined) return refused(lost);
  const present = known.filter(({ deployment }) => deployment.dissolvedAt === undefined);

  const own = request.joinsOwn ? ownWorkspace(present, account.id) : undefined;
  if (own !== undefined) return { kind: 'joined', instanceId: own };

  const unlocked = present.filter(({ deployment }) => !deployment.isLocked);
  if (unlocked.length === 0) return refused('locked');
  const online = unlocked.filter(({ isOnline }) => isOnline);
  if (online.length === 0 && !waits) return refused('offline');
  const permitted = (waits ? unlocked : online).filter(slot => isPermitted(slot, request));
  if (permitted.length === 0) return refused('denied');
  if (new Set(present.map(({ deployment }) => deployment.type)).size > 1) return refused('mixed-types');
  const suitable = options.vpn ? permitted.filter(slot => terms.hasVpn(slot.deployment)) : permitted;
  if (suitable.length === 0) return refused('no-vpn');

  const free = suitable.filter(slot => isFree(slot) && !isAwaited(state, slot, terms, terms.now));
  const [slot] = inOrderOfChoice(state, target, free);
  if (slot !== undefined) {
    if (hasAll(state, account.id, terms)) return refused('too-many-active');
    return { kind: 'starts', deployment: slot.deployment };
  }
  if (!waits) return refused('busy');
  const waiting = state.reservations.filter(other => other.account.id === account.id).length;
  const { maxReservationsPerAccount: most } = terms;
  return most > 0 && waiting >= most ? refused('too-many-reservations') : { kind: 'waits' };
}

function isKnown({ deployment, rules }: Slot, { account, accounts, isExempt }: AdmissionRequest): boolean {
  return knowsOf(deployment, rules, { name: account.name, accounts, isExempt });
}

function unknownOrGone(known: readonly Slot[], target: QueueTarget): RefusalReason | undefined {
  if (known.length === 0) return target.kind === 'list' && target.ids.length > 1 ? 'some-unknown' : 'unknown';
  if (target.kind === 'list' && known.length < new Set(target.ids).size) return 'some-unknown';
  const gone = known.filter(({ deployment }) => deployment.dissolvedAt !== undefined).length;
  if (gone === known.length) return 'dissolved';
  return gone > 0 && target.kind === 'list' ? 'some-dissolved' : undefined;
}

/** One that is on its way, or ready. */
function ownWorkspace(slots: readonly Slot[], accountId: string): string | undefined {
  return slots.find(
    ({ active }) =>
      active?.account.id === accountId && (active.status === 'starting' || active.status === 'ready'),
  )?.active?.id;
}

function refused(reason: RefusalReason): Decision {
  return { kind: 'refused', reason };
}
