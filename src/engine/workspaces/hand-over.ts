import type { WorkspaceReservation } from '../../store/store.ts';
import {
  activeCount,
  inOrderOfChoice,
  isFree,
  isPermitted,
  matches,
  type QueueState,
  type Slot,
} from './queue-state.ts';

/** What bounds each account; 0 = unlimited. */
export interface QueueLimits {
  readonly maxActivePerAccount: number;
  readonly maxReservationsPerAccount: number;
}

/** A reservation whose turn it is, and the deployment that meets it. */
export interface HandOver {
  readonly reservation: WorkspaceReservation;
  readonly slot: Slot;
}

/** The oldest reservation that can be met now. Those that can't keep their place and hold nobody up. */
export function nextHandOver(state: QueueState, limits: QueueLimits, now: Date): HandOver | undefined {
  for (const reservation of state.reservations) {
    if (isExpired(reservation, now) || hasAll(state, reservation.account.id, limits)) continue;
    const free = state.slots.filter(slot => isFree(slot) && couldMeet(slot, reservation));
    const [slot] = inOrderOfChoice(state, reservation.target, free);
    if (slot !== undefined) return { reservation, slot };
  }
  return undefined;
}

/** Whether somebody waits whose turn it would be at this deployment: nobody new gets it then. */
export function isAwaited(state: QueueState, slot: Slot, limits: QueueLimits, now: Date): boolean {
  return state.reservations.some(
    reservation =>
      !isExpired(reservation, now) &&
      !hasAll(state, reservation.account.id, limits) &&
      couldMeet(slot, reservation),
  );
}

/** Whether an account has as many workspaces as it may. */
export function hasAll(state: QueueState, accountId: string, { maxActivePerAccount }: QueueLimits): boolean {
  return maxActivePerAccount > 0 && activeCount(state, accountId) >= maxActivePerAccount;
}

function couldMeet(slot: Slot, reservation: WorkspaceReservation): boolean {
  return matches(reservation.target, slot.deployment) && isPermitted(slot, reservation);
}

function isExpired({ expiresAt }: WorkspaceReservation, now: Date): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}
