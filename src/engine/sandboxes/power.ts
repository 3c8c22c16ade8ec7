import { BerthError } from '../../lib/errors.ts';
import { randomId } from '../../lib/ids.ts';
import { Turns } from '../../lib/turns.ts';
import { isPausable, type Runtime } from '../../runtime/runtime.ts';
import type { SandboxBoot, SandboxStore, StatusEntry, WorkloadPlan } from '../../store/store.ts';
import type { Journal } from '../events.ts';
import type { Lifecycle } from '../workloads/lifecycle.ts';
import { isEnding } from '../workloads/status.ts';
import type { Workloads } from '../workloads/workloads.ts';

/**
 * Whether a sandbox executes:
 * `cold` no workload; `booting` one is on its way up; `running` it executes; `warm` it is paused in memory;
 * `stopping` it is on its way down.
 */
export type PowerState = 'cold' | 'booting' | 'running' | 'warm' | 'stopping';

export interface PowerParts {
  readonly sandboxId: string;
  readonly runtime: Runtime;
  readonly workloads: Workloads;
  readonly journal: Journal;
  readonly store: Pick<SandboxStore, 'boot'>;
  /** What the next boot runs. */
  readonly plan: () => WorkloadPlan;
  readonly owner: PowerOwner;
}

/** Is told what happens; what returns a promise is waited for. */
export interface PowerOwner {
  changed(state: PowerState): void;
  /** It is about to be paused, or to stand still for a moment: nothing more is started in it. */
  pausing(): void;
  /** It goes on. */
  resumed(): void;
  /** It executes, for nobody else yet. Throws = the boot has failed. `adopted`: an earlier server has booted it. */
  booted(workloadId: string, adopted: boolean): Promise<void>;
  /** It is about to end: end in good order what runs in it. */
  stopping(workloadId: string): Promise<void>;
  /** Nothing of it runs any more. `expected`: it was asked to. */
  ended(workloadId: string, expected: boolean): void;
  /** Why a boot failed; undefined after one that did not. */
  bootFailed(reason: string | undefined): Promise<void>;
}

const turn = 'power';

/** Brings one sandbox up and down: one change at a time, shared by all who ask for it. */
export class Power {
  readonly #parts: PowerParts;
  readonly #turns = new Turns();
  #state: PowerState = 'cold';
  #lifecycle: Lifecycle | undefined;
  #rising: Promise<string> | undefined;
  /** What an earlier server has booted is being taken up. */
  #adopting = false;

  constructor(parts: PowerParts) {
    this.#parts = parts;
  }

  get state(): PowerState {
    return this.#state;
  }

  /** The workload, from the beginning of its boot to its end. */
  get workloadId(): string | undefined {
    return this.#lifecycle?.id;
  }

  /** Takes up a boot that was live before a restart of the server; `workloads` has its owner already. */
  adopt(boot: SandboxBoot & { readonly latest: StatusEntry }): void {
    const { workloads, owner } = this.#parts;
    const lifecycle = workloads.get(boot.id);
    const wasEnding = isEnding(boot.latest.status);
    if (lifecycle === undefined) {
      // It was found to be gone, and that is recorded by now.
      if (!wasEnding) owner.ended(boot.id, false);
      return;
    }
    if (wasEnding) {
      this.#enter('stopping');
      this.#follow(lifecycle);
      void this.#turns.run(turn, () => this.#untilGone(lifecycle));
      return;
    }
    this.#enter('booting');
    this.#adopting = true;
    this.#follow(lifecycle);
    void this.#turns.run(turn, () => this.#readopt(lifecycle));
  }

  /**
   * Resolves with the workload when it executes; concurrent calls share one boot.
   * @throws {BerthError} `no-capacity` when it can't be brought up
   */
  wake(): Promise<string> {
    if (this.#state === 'running' && this.#lifecycle !== undefined)
      return Promise.resolve(this.#lifecycle.id);
    this.#rising ??= this.#turns
      .run(turn, () => this.#rise())
      .finally(() => {
        this.#rising = undefined;
      });
    return this.#rising;
  }

  /** Pauses it where the runtime can and `mayPause` still says so when it is its turn. */
  pause(mayPause: () => boolean): Promise<void> {
    return this.#turns.run(turn, async () => {
      const { runtime } = this.#parts;
      if (this.#state !== 'running' || this.#lifecycle === undefined) return;
      if (!isPausable(runtime) || !mayPause()) return;
      this.#parts.owner.pausing();
      try {
        await runtime.pause(this.#lifecycle.id);
      } catch (error) {
        this.#parts.owner.resumed();
        throw error;
      }
      this.#enter('warm');
    });
  }

  /** Ends it in good order; resolves when nothing of it is left. `mayStop` is asked when it is its turn. */
  stop(mayStop: () => boolean = () => true): Promise<void> {
    return this.#turns.run(turn, async () => {
      if (mayStop()) await this.#goDown();
    });
  }

  /**
   * Ends it, does something with what it has left, and boots it anew, whether that failed or not; nobody wakes it
   * in between. @returns the workload
   */
  rebuild(task: () => Promise<void>): Promise<string> {
    return this.#turns.run(turn, async () => {
      await this.#goDown();
      try {
        await task();
      } catch (error) {
        await this.#boot();
        throw error;
      }
      return this.#boot();
    });
  }

  async #goDown(): Promise<void> {
    const lifecycle = this.#lifecycle;
    if (lifecycle === undefined) return;
    await this.#resume(lifecycle.id);
    this.#enter('stopping');
    await this.#parts.owner.stopping(lifecycle.id);
    await lifecycle.requestStop('external', 'hard');
    await this.#untilGone(lifecycle);
  }

  async #rise(): Promise<string> {
    const lifecycle = this.#lifecycle;
    if (lifecycle === undefined) return this.#boot();
    await this.#resume(lifecycle.id);
    return lifecycle.id;
  }

  async #resume(id: string): Promise<void> {
    if (this.#state !== 'warm') return;
    const { runtime } = this.#parts;
    if (isPausable(runtime)) await runtime.resume(id);
    this.#parts.owner.resumed();
    this.#enter('running');
  }

  async #boot(): Promise<string> {
    const { sandboxId, store, plan: planOf, workloads, journal } = this.#parts;
    const id = randomId();
    const plan = planOf();
    const latest = await store.boot({ id, sandboxId, plan, createdAt: new Date() });
    if (latest === undefined) throw new BerthError('no-capacity', 'the sandbox is just ending');
    const lifecycle = workloads.add({ id, plan, latest });
    this.#follow(lifecycle);
    this.#enter('booting');
    journal.publish(latest);
    return this.#comeUp(lifecycle);
  }

  /** What was on its way up goes on; what is gone leaves the sandbox cold. */
  async #readopt(lifecycle: Lifecycle): Promise<void> {
    const { owner, runtime } = this.#parts;
    try {
      if (await this.#untilReady(lifecycle)) {
        // It may have been paused.
        if (isPausable(runtime)) await runtime.resume(lifecycle.id);
        await owner.booted(lifecycle.id, true);
        this.#adopting = false;
        if (this.#lifecycle === lifecycle && !lifecycle.ended.aborted) return this.#enter('running');
      }
    } catch (error) {
      await owner.bootFailed((error as Error).message);
      await lifecycle.requestStop('internal', 'hard');
    }
    this.#adopting = false;
    await this.#untilGone(lifecycle);
  }

  /** @returns false when it has ended, or is about to */
  async #untilReady(lifecycle: Lifecycle): Promise<boolean> {
    for await (const { status } of this.#parts.journal.follow(lifecycle.id)) {
      if (isEnding(status)) return false;
      // One that was adopted has an address only if the runtime still had it.
      if (status === 'ready' && lifecycle.address !== undefined) return true;
    }
    return false;
  }

  async #comeUp(lifecycle: Lifecycle): Promise<string> {
    const { owner } = this.#parts;
    try {
      if (!(await this.#untilReady(lifecycle))) throw new Error(lifecycle.failure ?? 'it ended at once');
      await owner.booted(lifecycle.id, false);
    } catch (error) {
      await lifecycle.requestStop('internal', 'hard');
      await this.#untilGone(lifecycle);
      const reason = (error as Error).message;
      await owner.bootFailed(reason);
      throw new BerthError('no-capacity', `the sandbox did not boot: ${reason}`, { cause: error });
    }
    await owner.bootFailed(undefined);
    if (this.#lifecycle === lifecycle) this.#enter('running');
    return lifecycle.id;
  }

  #follow(lifecycle: Lifecycle): void {
    this.#lifecycle = lifecycle;
    if (lifecycle.ended.aborted) this.#ended(lifecycle);
    else lifecycle.ended.addEventListener('abort', () => this.#ended(lifecycle), { once: true });
  }

  #ended(lifecycle: Lifecycle): void {
    if (this.#lifecycle !== lifecycle) return;
    const expected = this.#state === 'stopping' || (this.#state === 'booting' && !this.#adopting);
    this.#parts.owner.ended(lifecycle.id, expected);
    if (expected) return;
    // The next boot takes its turn only after the traces of this one are gone.
    this.#enter('stopping');
    void this.#turns.run(turn, () => this.#untilGone(lifecycle));
  }

  async #untilGone(lifecycle: Lifecycle): Promise<void> {
    await this.#parts.workloads.gone(lifecycle.id);
    if (this.#lifecycle !== lifecycle) return;
    this.#lifecycle = undefined;
    this.#enter('cold');
  }

  #enter(state: PowerState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#parts.owner.changed(state);
  }
}
