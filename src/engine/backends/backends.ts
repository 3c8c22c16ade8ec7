import type { Clock } from '../../lib/clock.ts';
import { BerthError } from '../../lib/errors.ts';
import { hashToken, randomToken } from '../../lib/ids.ts';
import type {
  Account,
  Backend,
  BackendStore,
  ConnectionToken,
  Lock,
  PlannedMount,
  Service,
  ServiceStore,
  StatusEntry,
} from '../../store/store.ts';
import type { Journal } from '../events.ts';
import type { EngineLimits } from '../limits.ts';
import { isEnding, type StopKind } from '../workloads/status.ts';
import type { Workloads } from '../workloads/workloads.ts';
import { asWorkload } from './identity-variables.ts';
import { IdleSweep } from './idle-sweep.ts';
import { LiveBackends } from './live-backends.ts';
import { lockOf, mountsOf, planBackend, type SpawnRequest } from './spawn-request.ts';

export interface BackendsParts {
  readonly store: BackendStore;
  readonly services: ServiceStore;
  readonly journal: Journal;
  readonly workloads: Workloads;
  readonly limits: EngineLimits;
  readonly clock: Clock;
  readonly reportFault: (workloadId: string, error: unknown) => string;
}

export interface Spawned {
  /** False when the lock's holder is returned instead. */
  readonly spawned: boolean;
  readonly backend: Backend;
}

/** Workloads that were spawned from services: locks, idle sweep, termination. */
export class Backends {
  readonly #parts: BackendsParts;
  readonly #live = new LiveBackends();
  readonly #sweep: IdleSweep;
  readonly #stopListening: (() => void)[];

  constructor(parts: BackendsParts) {
    this.#parts = parts;
    this.#sweep = new IdleSweep({
      defaultGraceMs: parts.limits.defaultGraceMs,
      sweep: id => {
        this.#stop(id, 'swept', 'soft').catch(error => parts.reportFault(id, error));
      },
    });
    this.#stopListening = [
      parts.journal.onEntry(entry => this.#entered(entry)),
      parts.journal.onImage((id, digest) => this.#live.noteImage(id, digest)),
    ];
  }

  /** Takes up the live backends of the store after a restart. */
  recover(live: readonly Backend[]): void {
    for (const backend of live) {
      this.#live.add(backend);
      this.#watch(backend, backend.latest);
    }
  }

  /**
   * Starts a backend, or returns the live one that holds the lock. However many ask for one lock at once, one
   * of them is told `spawned`.
   * @throws {BerthError} `invalid`, `not-found` (environment), `limit-reached`, `lock-busy`
   */
  async spawn(request: SpawnRequest): Promise<Spawned> {
    const lock = lockOf(request);
    const mounts = mountsOf(request, lock);
    const deadline = Date.now() + this.#parts.limits.lockWaitMs;
    for (;;) {
      const held = lock && this.#live.holder(lock);
      const outcome =
        held === undefined ? await this.#claim(request, lock, mounts) : { spawned: false, backend: held };
      const { backend } = outcome;
      if (outcome.spawned || !isEnding(backend.latest.status)) return outcome;
      await this.#waitForEnd(backend, deadline, request.signal);
    }
  }

  /**
   * The live holder of a lock, which is not about to end.
   * @throws {BerthError} `invalid`, `lock-unheld`
   */
  holder(request: Pick<SpawnRequest, 'account' | 'service' | 'lock'>): Backend {
    const lock = lockOf(request);
    const held = lock && this.#live.holder(lock);
    if (held === undefined || isEnding(held.latest.status)) {
      throw new BerthError('lock-unheld', `nothing holds the ${request.lock?.field ?? 'lock'}`);
    }
    return held;
  }

  /**
   * Makes a token that opens a backend at the edge for as long as it lives.
   * @returns the token itself; the store has only its hash
   */
  async issueToken(backend: Backend, grant: Omit<ConnectionToken, 'backendId' | 'hash'>): Promise<string> {
    const token = randomToken();
    await this.#parts.store.addConnectionToken({ ...grant, backendId: backend.id, hash: hashToken(token) });
    return token;
  }

  /** What a token allows at a backend; undefined when it is no live token of it. */
  lookUpToken(backendId: string, token: string): Promise<ConnectionToken | undefined> {
    return this.#parts.store.connectionToken(backendId, hashToken(token));
  }

  /** The backend, while it is live. */
  getLive(id: string): Backend | undefined {
    return this.#live.get(id);
  }

  /** Undefined for an id that never was, or whose retention is over. */
  async get(id: string): Promise<Backend | undefined> {
    return this.#live.get(id) ?? (await this.#parts.store.get(id));
  }

  /** Not yet terminated, newest first. */
  listLive(account: Account): Backend[] {
    return this.#live.ofAccount(account.id);
  }

  /**
   * Asks a backend to end; does not wait for the end.
   * @throws {BerthError} `not-running` when it has ended
   */
  async terminate(id: string, kind: StopKind): Promise<void> {
    if (!(await this.#stop(id, 'external', kind)))
      throw new BerthError('not-running', 'the backend has ended');
  }

  /** Whether a service has live backends. */
  areLive(serviceId: string): boolean {
    return this.#live.ofService(serviceId).length > 0;
  }

  /** Live backends of a service that were created before a time, newest first. */
  listOlder(service: Service, than: Date): Backend[] {
    return this.#live.ofService(service.id).filter(({ createdAt }) => createdAt < than);
  }

  /** @returns how many could still be asked to end */
  async terminateAll(backends: readonly Backend[], kind: StopKind): Promise<number> {
    const asked = await Promise.all(backends.map(({ id }) => this.#stop(id, 'external', kind)));
    return asked.filter(Boolean).length;
  }

  /** Asks all live backends of a service to end. */
  async terminateService(service: Service): Promise<void> {
    await this.terminateAll(this.#live.ofService(service.id), 'soft');
  }

  /** The edge's news: how many connections to a backend are open. */
  connectionsChanged(id: string, open: number): void {
    this.#sweep.connectionsChanged(id, open);
  }

  close(): void {
    for (const stop of this.#stopListening) stop();
    this.#sweep.close();
  }

  async #claim(
    request: SpawnRequest,
    lock: Lock | undefined,
    mounts: readonly PlannedMount[],
  ): Promise<Spawned> {
    const backend = planBackend(request, { lock, mounts }, this.#parts.limits, this.#parts.clock);
    const { maxBackendsPerAccount } = this.#parts.limits;
    const release = this.#live.reserve(request.account.id, maxBackendsPerAccount);
    if (release === undefined) {
      throw new BerthError(
        'limit-reached',
        `the account has ${maxBackendsPerAccount} live backends, its limit`,
      );
    }
    let outcome: Spawned;
    try {
      outcome = await this.#parts.store.spawn(backend);
      // In one turn with `release`: the place is never counted twice, nor for a moment not at all.
      if (outcome.spawned) this.#live.add(outcome.backend);
    } finally {
      release();
    }
    if (outcome.spawned) {
      this.#watch(outcome.backend, outcome.backend.latest);
      this.#parts.journal.publish(outcome.backend.latest);
      this.#parts.workloads.add(asWorkload(outcome.backend));
      await this.#endIfDeleted(request, outcome.backend);
    }
    return outcome;
  }

  /** Its service may have been deleted while it was written, and so not have ended it. */
  async #endIfDeleted({ account, service }: SpawnRequest, { id }: Backend): Promise<void> {
    const now = await this.#parts.services.byName(account.id, service.name);
    if (now?.id !== service.id) await this.#stop(id, 'external', 'soft');
  }

  async #waitForEnd(holder: Backend, deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const ended = this.#live.ended(holder.id);
    if (ended === undefined && Date.now() < deadline) return;
    const waitMs = Math.max(0, deadline - Date.now());
    const over = AbortSignal.any([AbortSignal.timeout(waitMs), ...(signal ? [signal] : [])]);
    await new Promise<void>(resolve => {
      ended?.addEventListener('abort', () => resolve(), { once: true, signal: over });
      over.addEventListener('abort', () => resolve(), { once: true });
      if (ended === undefined || ended.aborted || over.aborted) resolve();
    });
    if (ended?.aborted && !signal?.aborted) return;
    throw new BerthError('lock-busy', `the lock's holder ${holder.id} is still ending; try again`);
  }

  async #stop(id: string, reason: 'external' | 'swept', kind: StopKind): Promise<boolean> {
    const lifecycle = this.#parts.workloads.get(id);
    return lifecycle !== undefined && (await lifecycle.requestStop(reason, kind));
  }

  #entered(entry: StatusEntry): void {
    const backend = this.#live.get(entry.workloadId);
    if (backend === undefined) return;
    this.#live.update(entry);
    if (entry.status === 'ready') this.#watch(backend, entry);
    if (isEnding(entry.status)) this.#sweep.forget(entry.workloadId);
  }

  /** A lifetime runs from the creation, the idle clock only while it is ready. */
  #watch(backend: Backend, { status }: StatusEntry): void {
    const endsAtMs = backend.createdAt.getTime() + (backend.lifetimeMs ?? Number.POSITIVE_INFINITY);
    if (status === 'ready') this.#sweep.watch(backend.id, backend.graceMs, endsAtMs);
    else if (!isEnding(status)) this.#sweep.watch(backend.id, Number.POSITIVE_INFINITY, endsAtMs);
  }
}
