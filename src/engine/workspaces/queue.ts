import { randomUUID } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { atTime } from '../../lib/deadline.ts';
import type {
  IsOnline,
  WorkspaceDeployment,
  WorkspaceReservation,
  WorkspaceStore,
} from '../../store/store.ts';
import type { AdmissionRequest, RefusalReason } from './admission.ts';
import type { Instances } from './instances.ts';
import { queueCheckMs, type WorkspaceLimits } from './limits.ts';
import { type Outlook, outlookOf } from './outlook.ts';
import { queueStateOf } from './queue-state.ts';

export interface QueueParts {
  readonly store: WorkspaceStore;
  readonly limits: WorkspaceLimits;
  readonly clock: Clock;
  readonly isOnline: IsOnline;
  readonly hasVpn: (deployment: WorkspaceDeployment) => boolean;
  readonly instances: () => Instances;
  /** Events may have been queued. */
  readonly changed: () => void;
  readonly reportFault: (subject: string, error: unknown) => string;
}

export type AdmissionOutcome =
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  /** `privateKey`: of the pair that was made for it. */
  | { readonly kind: 'started'; readonly id: string; readonly privateKey?: string }
  | { readonly kind: 'joined'; readonly id: string }
  | { readonly kind: 'reserved'; readonly id: string };

/** A place in the queue, and what may be expected of it. */
export interface ReservationView extends Outlook {
  readonly reservation: WorkspaceReservation;
}

/** Who gets a workspace, and when. */
export class Queue {
  readonly #parts: QueueParts;
  #check: NodeJS.Timeout | undefined;
  #stopWaiting: () => void = () => {};
  #handingOver: Promise<void> | undefined;
  #again = false;
  #isClosed = false;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  /** Hands over what became free while no server was there. */
  async start(): Promise<void> {
    this.#check = setInterval(() => this.mayHandOver(), queueCheckMs).unref();
    this.mayHandOver();
    await this.#handingOver;
  }

  /** Durable. Starts a workspace, finds one, or gives a place in the queue. */
  async request(request: AdmissionRequest): Promise<AdmissionOutcome> {
    const { store, limits, clock, isOnline, hasVpn, instances, changed } = this.#parts;
    const id = randomUUID();
    const outcome = await store.admit(id, request, { ...limits, now: clock.now(), isOnline, hasVpn });
    if (outcome.kind === 'refused') return outcome;
    if (outcome.kind === 'joined') {
      instances().ping(outcome.instanceId);
      return { kind: 'joined', id: outcome.instanceId };
    }
    if (outcome.kind === 'reserved') {
      this.mayHandOver();
      return { kind: 'reserved', id };
    }
    const live = await this.#begin(outcome);
    changed();
    const privateKey = request.options.publicKey === undefined ? await live?.key : undefined;
    return { kind: 'started', id, ...(privateKey !== undefined && { privateKey }) };
  }

  /** Places in the queue, in its order; of one account, or of all. */
  async list(accountId?: string): Promise<ReservationView[]> {
    const { store, isOnline, limits, clock } = this.#parts;
    const state = queueStateOf(await store.queue(), isOnline);
    return state.reservations
      .filter(({ account }) => accountId === undefined || account.id === accountId)
      .map(reservation => ({ reservation, ...outlookOf(state, reservation, limits, clock.now()) }));
  }

  /** Durable. False when there is none, or its turn has come. */
  delete(id: string, accountId?: string): Promise<boolean> {
    return this.#parts.store.deleteReservation(id, accountId);
  }

  /** Something may have become free, or somebody may get in who could not. */
  mayHandOver(): void {
    this.#again = true;
    this.#handingOver ??= this.#handOverAll()
      .catch(error => void this.#parts.reportFault('queue', error))
      .finally(() => {
        this.#handingOver = undefined;
        if (this.#again && !this.#isClosed) this.mayHandOver();
      });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#check);
    this.#stopWaiting();
    await this.#handingOver;
  }

  async #handOverAll(): Promise<void> {
    const { store, limits, clock, isOnline, changed } = this.#parts;
    while (this.#again && !this.#isClosed) {
      this.#again = false;
      await store.expireReservations(clock.now());
      for (;;) {
        const begun = await store.nextReservation({ ...limits, now: clock.now(), isOnline });
        if (begun === undefined) break;
        await this.#begin(begun);
      }
      changed();
      await this.#awaitExpiry();
    }
  }

  async #begin(begun: Parameters<Instances['begin']>[0]) {
    const { store, instances } = this.#parts;
    const deployment = await store.deployment(begun.instance.deploymentId);
    if (deployment === undefined) throw new Error('a workspace has begun in no deployment');
    return instances().begin(begun, deployment);
  }

  /** Wakes up when the next place in the queue expires. */
  async #awaitExpiry(): Promise<void> {
    const { reservations } = await this.#parts.store.queue();
    const times = reservations.flatMap(({ expiresAt }) => expiresAt?.getTime() ?? []);
    this.#stopWaiting();
    if (times.length === 0) return;
    this.#stopWaiting = atTime(new Date(Math.min(...times)), this.#parts.clock, () => this.mayHandOver());
  }
}
