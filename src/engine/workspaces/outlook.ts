import type { WorkspaceReservation } from '../../store/store.ts';
import { hasAll, type QueueLimits } from './hand-over.ts';
import { isPermitted, matches, type QueueState, type Slot } from './queue-state.ts';

/** Why a reservation is passed over. */
export type BlockedReason = 'denied' | 'locked' | 'offline' | 'too-many-active';

/** What somebody who waits may expect. */
export interface Outlook {
  /** 1 = next; absent while it is passed over. */
  readonly position?: number;
  /** When it may be met at the latest, as far as all who are before it have said how long they stay. */
  readonly eta?: Date;
  readonly blocked?: BlockedReason;
}

export function outlookOf(
  state: QueueState,
  reservation: WorkspaceReservation,
  limits: QueueLimits,
  now: Date,
): Outlook {
  const slots = state.slots.filter(
    ({ deployment }) => deployment.dissolvedAt === undefined && matches(reservation.target, deployment),
  );
  const blocked = blockedReason(state, slots, reservation, limits);
  const etas = slots.map(slot => etaAt(state, slot, reservation, now));
  const known = etas.filter(eta => eta !== undefined);
  const eta = known.length > 0 && known.length === etas.length ? Math.min(...known) : undefined;
  return {
    ...(blocked
      ? { blocked }
      : { position: Math.min(...slots.map(slot => earlier(state, slot, reservation).length + 1)) }),
    ...(eta !== undefined && { eta: new Date(eta) }),
  };
}

function blockedReason(
  state: QueueState,
  slots: readonly Slot[],
  reservation: WorkspaceReservation,
  limits: QueueLimits,
): BlockedReason | undefined {
  const permitted = slots.filter(slot => isPermitted(slot, reservation));
  if (permitted.length === 0) return slots.length === 0 ? 'offline' : 'denied';
  const unlocked = permitted.filter(({ deployment }) => !deployment.isLocked);
  if (unlocked.length === 0) return 'locked';
  if (!unlocked.some(({ isOnline }) => isOnline)) return 'offline';
  return hasAll(state, reservation.account.id, limits) ? 'too-many-active' : undefined;
}

function earlier(
  state: QueueState,
  { deployment }: Slot,
  { seq }: WorkspaceReservation,
): WorkspaceReservation[] {
  return state.reservations.filter(other => other.seq < seq && matches(other.target, deployment));
}

/** Milliseconds since 1970; undefined when somebody before it has not said how long. */
function etaAt(
  state: QueueState,
  slot: Slot,
  reservation: WorkspaceReservation,
  now: Date,
): number | undefined {
  const begin = slot.active === undefined ? now : slot.active.expiresAt;
  if (begin === undefined) return undefined;
  let at = begin.getTime();
  for (const { options } of earlier(state, slot, reservation)) {
    if (options.expireSeconds === undefined) return undefined;
    at += options.expireSeconds * 1_000;
  }
  return at;
}
