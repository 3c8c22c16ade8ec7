import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.ts';
import { BerthError } from '../../lib/errors.ts';
import { Turns } from '../../lib/turns.ts';
import type { Logs } from '../../logs/logs.ts';
import { isPausable, showsFiles } from '../../runtime/runtime.ts';
import type {
  Sandbox,
  SandboxChange,
  SandboxService,
  SandboxSettings,
  SandboxStore,
} from '../../store/store.ts';
import type { Volumes } from '../../volumes/volumes.ts';
import { Allowances } from './allowances.ts';
import { Checkpoints } from './checkpoints/checkpoints.ts';
import { FileWatches } from './file-watch/file-watches.ts';
import { type Actor, root } from './files/actor.ts';
import { SandboxFiles } from './files/sandbox-files.ts';
import { IdleClock } from './idle-clock.ts';
import { planBoot, type SandboxLayout } from './layout.ts';
import type { SandboxLimits } from './limits.ts';
import { SandboxNetwork } from './network-policy.ts';
import { Ports } from './ports/ports.ts';
import { Power, type PowerOwner, type PowerParts, type PowerState } from './power.ts';
import type { Resident } from './resident.ts';
import { SandboxServices } from './services/services.ts';
import { Sessions } from './sessions/sessions.ts';
import { Tasks } from './tasks/tasks.ts';

export type SandboxStatus = 'running' | 'warm' | 'cold';

export interface LiveSandboxParts extends Omit<PowerParts, 'sandboxId' | 'plan' | 'owner' | 'store'> {
  readonly store: SandboxStore;
  readonly limits: SandboxLimits;
  readonly layout: SandboxLayout;
  readonly volumes: Volumes;
  readonly logs: Logs;
  /** More that lives in it. */
  readonly residents: (sandbox: LiveSandbox) => readonly Resident[];
  /** Domains that `include: defaults` in a network policy allows. */
  readonly policyDefaults: readonly string[];
  readonly clock: Clock;
  readonly reportFault: (subject: string, error: unknown) => string;
  /** Its record or its status changed. */
  readonly onChange: (sandbox: LiveSandbox) => void;
  /** Fires when the server stops. */
  readonly closing: AbortSignal;
}

/** A use of a sandbox: it executes until `release` is called. */
export interface SandboxUse {
  readonly workloadId: string;
  readonly release: () => void;
}

/** A sandbox as this server has it in hand: its record, whether it executes, and who uses it. */
export class LiveSandbox implements PowerOwner {
  readonly power: Power;
  readonly services: SandboxServices;
  readonly sessions: Sessions;
  readonly network: SandboxNetwork;
  readonly allowances: Allowances;
  readonly tasks: Tasks;
  readonly checkpoints: Checkpoints;
  readonly fileWatches: FileWatches;
  readonly ports: Ports;
  readonly #parts: LiveSandboxParts;
  readonly #idle = new IdleClock(() => this.#idled());
  /** In the order in which they are told of a boot. */
  readonly #residents: readonly Resident[];
  readonly #turns = new Turns();
  #record: Sandbox;
  #deleted = false;

  /** @param services of it, as the store has them */
  constructor(record: Sandbox, services: readonly SandboxService[], parts: LiveSandboxParts) {
    this.#record = record;
    this.#parts = parts;
    this.power = new Power({
      ...parts,
      sandboxId: record.id,
      plan: () => planBoot(this.#record, parts.layout, parts.limits),
      owner: this,
    });
    this.sessions = new Sessions({ ...parts, sandbox: this, account: parts.layout.account });
    this.tasks = new Tasks({ ...parts, sandbox: this });
    this.checkpoints = new Checkpoints({ ...parts, sandbox: this });
    this.network = new SandboxNetwork({ ...parts, sandbox: this });
    this.allowances = new Allowances({ ...parts, sandbox: this });
    this.fileWatches = new FileWatches({ ...parts, sandbox: this, actor: () => this.#actor() });
    this.ports = new Ports({ ...parts, sandbox: this });
    this.services = new SandboxServices({ ...parts, sandbox: this, account: parts.layout.account }, services);
    this.#residents = [
      this.network,
      this.sessions,
      this.fileWatches,
      this.tasks,
      ...parts.residents(this),
      // Services come last: they find in it all that the others bring.
      this.services,
    ];
  }

  get record(): Sandbox {
    return this.#record;
  }

  /** In the three words that a user knows; it counts as running until it has ended. */
  get status(): SandboxStatus {
    const { state } = this.power;
    if (state === 'running' || state === 'stopping') return 'running';
    return state === 'warm' ? 'warm' : 'cold';
  }

  get deleted(): boolean {
    return this.#deleted;
  }

  /**
   * Wakes it and keeps it awake until the use is released.
   * @throws {BerthError} `no-capacity` when it does not come up, or not in time; `not-found` when it is deleted
   */
  async use(signal?: AbortSignal): Promise<SandboxUse> {
    const release = this.hold();
    try {
      return { workloadId: await this.#wakeInTime(this.#parts.limits.wakeTimeoutMs, signal), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /**
   * Works on its files from outside; it is woken first, and awake meanwhile.
   * @param asRoot instead of its account
   * @throws {BerthError} as {@link use}; `unsupported` where the runtime keeps files to itself
   * @throws {FileError}
   */
  async withFiles<Result>(
    asRoot: boolean,
    task: (files: SandboxFiles) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result> {
    const { runtime } = this.#parts;
    if (!showsFiles(runtime)) {
      throw new BerthError('unsupported', `the ${runtime.name} runtime does not show files`);
    }
    const { workloadId, release } = await this.use(signal);
    try {
      const actor = asRoot ? root : this.#actor();
      return await task(new SandboxFiles(await runtime.rootPath(workloadId), actor));
    } finally {
      release();
    }
  }

  /** Counts as activity until the returned function is called; does not wake it. */
  hold(): () => void {
    return this.#idle.hold();
  }

  /** Something happened in it: the time until it is paused begins anew. */
  touch(): void {
    this.#idle.touch();
  }

  /** Durable. @throws {BerthError} `not-found` */
  async change(change: SandboxChange): Promise<Sandbox> {
    const changed = await this.#parts.store.change(this.#record.id, change);
    if (changed === undefined) throw new BerthError('not-found', 'sandbox not found');
    this.#record = changed;
    this.#parts.onChange(this);
    return changed;
  }

  /**
   * Durable. One change after the other, so that none is lost.
   * @param change makes the new settings of the present ones; what it throws is passed on
   * @throws {BerthError} `not-found`
   */
  changeSettings(change: (settings: SandboxSettings) => SandboxSettings, updatedAt: Date): Promise<Sandbox> {
    return this.#turns.run('settings', () =>
      this.change({ settings: change(this.#record.settings), updatedAt }),
    );
  }

  /** Ends what runs in it and refuses to wake from now on. */
  async retire(): Promise<void> {
    this.#deleted = true;
    this.#idle.stop();
    await this.power.stop();
    await this.services.clear();
  }

  /** The server stops: what can't live without it is ended, the rest is left. */
  async close(): Promise<void> {
    this.#idle.stop();
    this.tasks.close();
    if (!this.#parts.runtime.capabilities().survivesServer) await this.power.stop();
    await this.services.close();
  }

  async #wakeInTime(limitMs: number, signal?: AbortSignal): Promise<string> {
    if (this.#deleted) throw new BerthError('not-found', 'sandbox not found');
    if (this.power.state === 'running') return this.power.wake();
    const over = new AbortController();
    const signals = signal === undefined ? [over.signal] : [over.signal, signal];
    const limit = delay(limitMs, undefined, { signal: AbortSignal.any(signals), ref: false });
    try {
      const woken = await Promise.race([this.power.wake(), limit.catch(() => undefined)]);
      if (woken !== undefined) return woken;
      const reason = signal?.aborted ? 'as soon as was asked for' : `within ${limitMs / 1000} s`;
      throw new BerthError('no-capacity', `the sandbox did not wake ${reason}`);
    } finally {
      over.abort();
    }
  }

  // --- What its power tells -----------------------------------------------------------------------------------

  changed(state: PowerState): void {
    const { limits, clock } = this.#parts;
    const { idleWarmMs = limits.idleWarmMs, idleColdMs = limits.idleColdMs } = this.#record.settings;
    if (state === 'running') {
      this.#idle.start(this.#isPausable ? idleWarmMs : idleWarmMs && idleColdMs && idleWarmMs + idleColdMs);
      this.#note({ lastRunningAt: clock.now() });
    } else if (state === 'warm') {
      this.#idle.start(idleColdMs);
      this.#note({ lastWarmAt: clock.now() });
    } else {
      this.#idle.stop();
      this.#parts.onChange(this);
    }
  }

  pausing(): void {
    for (const resident of this.#residents) resident.pausing?.();
  }

  resumed(): void {
    for (const resident of this.#residents) resident.resumed?.();
  }

  async booted(workloadId: string, adopted: boolean): Promise<void> {
    for (const resident of this.#residents) await resident.booted?.(workloadId, adopted);
  }

  async stopping(workloadId: string): Promise<void> {
    await Promise.all(this.#residents.map(async resident => resident.stopping?.(workloadId)));
  }

  ended(workloadId: string, expected: boolean): void {
    for (const resident of this.#residents) resident.ended?.(workloadId, expected);
  }

  async bootFailed(reason: string | undefined): Promise<void> {
    if (this.#deleted || this.#record.bootError === reason) return;
    await this.change({ bootError: reason ?? null });
  }

  /** Without isolation its programs run as the server does. */
  #actor(): Actor {
    const { runtime, layout } = this.#parts;
    if (runtime.capabilities().isolation) return layout.account;
    return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  }

  get #isPausable(): boolean {
    return isPausable(this.#parts.runtime);
  }

  #idled(): void {
    const { power, services } = this;
    const { state } = power;
    const mayRest = (): boolean => !this.#idle.inUse && !services.isBusy;
    const next =
      state === 'running' && this.#isPausable
        ? power.pause(mayRest)
        : power.stop(() => mayRest() && power.state !== 'stopping');
    next.then(
      () => {
        // It was busy just then.
        if (power.state === state && !this.#idle.inUse) this.#idle.touch();
      },
      error => this.#parts.reportFault(this.#record.id, error),
    );
  }

  /** Times that are told, but that nothing depends on. */
  #note(change: SandboxChange): void {
    if (this.#deleted) return;
    this.change(change).catch(error => {
      if (!this.#parts.closing.aborted && !this.#deleted) this.#parts.reportFault(this.#record.id, error);
    });
  }
}
