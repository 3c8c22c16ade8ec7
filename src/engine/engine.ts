import { type Clock, systemClock } from '../lib/clock.ts';
import type { LogEntry, LogReadOptions, Logs } from '../logs/logs.ts';
import {
  hasPersistentRoots,
  type ImageReference,
  type Runtime,
  type RuntimeCapabilities,
  type WorkloadAddress,
  type WorkloadStats,
} from '../runtime/runtime.ts';
import type { Account, Store } from '../store/store.ts';
import type { Volumes } from '../volumes/volumes.ts';
import { Backends } from './backends/backends.ts';
import { asWorkload } from './backends/identity-variables.ts';
import { removeStrayLogs, runRetention } from './backends/retention.ts';
import { Services } from './backends/services.ts';
import { SpawnTokens } from './backends/spawn-tokens.ts';
import { Journal } from './events.ts';
import type { EngineLimits } from './limits.ts';
import type { SandboxLayout } from './sandboxes/layout.ts';
import type { SandboxLimits } from './sandboxes/limits.ts';
import type { LiveSandbox } from './sandboxes/live-sandbox.ts';
import type { Resident } from './sandboxes/resident.ts';
import { Sandboxes } from './sandboxes/sandboxes.ts';
import { Workloads } from './workloads/workloads.ts';
import { type AccessGateway, noGateway } from './workspaces/access-gateway.ts';
import type { SendEvent } from './workspaces/event-delivery.ts';
import type { WorkspaceLayout } from './workspaces/layout.ts';
import type { WorkspaceLimits } from './workspaces/limits.ts';
import { runWorkspaceRetention } from './workspaces/retention.ts';
import { Workspaces } from './workspaces/workspaces.ts';

export interface EngineParts {
  readonly store: Store;
  readonly runtime: Runtime;
  readonly logs: Logs;
  readonly volumes: Volumes;
  readonly limits: EngineLimits;
  readonly sandboxes: SandboxSetup;
  readonly workspaces: WorkspaceSetup;
  readonly clock?: Clock;
  /** Takes a failure of Berth itself; returns the id under which the server's log has it. */
  readonly reportFault: (workloadId: string, error: unknown) => string;
  /** The retention of an ended workload is over. */
  readonly onForgotten?: (id: string) => void;
}

export interface SandboxSetup {
  readonly limits: SandboxLimits;
  readonly layout: SandboxLayout;
  /** Domains that `include: defaults` in a network policy allows. */
  readonly policyDefaults: readonly string[];
  /** What a new sandbox is made from. */
  readonly baseImage: (account: Account) => Promise<ImageReference>;
  /** More that lives in each sandbox. */
  readonly residents?: (sandbox: LiveSandbox) => readonly Resident[];
}

export interface WorkspaceSetup {
  readonly layout: WorkspaceLayout;
  readonly sendEvent: SendEvent;
  /** None when absent. */
  readonly gateway?: AccessGateway;
  readonly limits: WorkspaceLimits;
}

/** What happens to workloads, and the things that are made of them. */
export class Engine {
  readonly services: Services;
  readonly backends: Backends;
  readonly sandboxes: Sandboxes;
  readonly workspaces: Workspaces;
  readonly spawnTokens: SpawnTokens;
  readonly journal: Journal;
  readonly #parts: EngineParts;
  readonly #clock: Clock;
  readonly #workloads: Workloads;
  readonly #closing = new AbortController();
  #retention: Promise<void> | undefined;
  #workspaceRetention: Promise<void> | undefined;

  constructor(parts: EngineParts) {
    const { store, runtime, logs, volumes, limits, clock = systemClock, reportFault } = parts;
    this.#parts = parts;
    this.#clock = clock;
    this.journal = new Journal(store.journal, clock);
    this.#workloads = new Workloads({ runtime, journal: this.journal, logs, volumes, limits, reportFault });
    this.services = new Services({ store: store.services, runtime, limits, clock });
    this.spawnTokens = new SpawnTokens({ store: store.spawnTokens, services: store.services, clock });
    const { journal } = this;
    const workloads = this.#workloads;
    this.backends = new Backends({
      store: store.backends,
      services: store.services,
      journal,
      workloads,
      limits,
      clock,
      reportFault,
    });
    this.sandboxes = this.#makeSandboxes();
    this.workspaces = new Workspaces({
      store: store.workspaces,
      runtime,
      workloads,
      journal,
      logs,
      gateway: noGateway,
      ...parts.workspaces,
      clock,
      reportFault,
    });
  }

  #makeSandboxes(): Sandboxes {
    const { store, runtime, logs, volumes, sandboxes, reportFault } = this.#parts;
    const { limits, layout, baseImage, policyDefaults, residents = () => [] } = sandboxes;
    return new Sandboxes({
      store: store.sandboxes,
      runtime,
      workloads: this.#workloads,
      journal: this.journal,
      limits,
      clock: this.#clock,
      baseImage,
      layout,
      policyDefaults,
      volumes,
      logs,
      residents,
      clear: async ({ id }) => {
        if (hasPersistentRoots(runtime)) await runtime.removeRoot(id);
        await volumes.removeOwner({ kind: 'sandbox', id });
      },
      reportFault,
    });
  }

  /** Takes up what was live before; the runtime is open. Call once, before anything else. */
  async start(): Promise<{ adopted: number; strays: number }> {
    const { store, logs, volumes, limits, reportFault, onForgotten = () => {} } = this.#parts;
    const [live, boots] = await Promise.all([store.backends.live(), store.sandboxes.liveBoots()]);
    this.backends.recover(live);
    const workspaces = await this.workspaces.recover();
    const recovered = await this.#workloads.recover([...live.map(asWorkload), ...boots, ...workspaces]);
    await this.sandboxes.recover(boots);
    await this.workspaces.resume();
    await removeStrayLogs({ store, logs });
    this.#workspaceRetention = runWorkspaceRetention(
      {
        store: store.workspaces,
        logs,
        clock: this.#clock,
        keepMs: limits.endedRetentionMs,
        historyMs: this.#parts.workspaces.limits.historyMs,
        reportFault,
      },
      this.#closing.signal,
    );
    this.#retention = runRetention(
      {
        store: store.backends,
        logs,
        volumes,
        services: store.services,
        isInUse: id => this.backends.areLive(id),
        clock: this.#clock,
        keepMs: limits.endedRetentionMs,
        onForgotten,
        reportFault,
      },
      this.#closing.signal,
    );
    return recovered;
  }

  /** Workloads that have not ended. */
  get liveCount(): number {
    return this.#workloads.size;
  }

  get capabilities(): RuntimeCapabilities {
    return this.#parts.runtime.capabilities();
  }

  /** Where the program of a live workload is reached; known once it runs. */
  addressOf(id: string): WorkloadAddress | undefined {
    return this.#workloads.get(id)?.address;
  }

  /** Fires when the workload ends; undefined when it is not live. */
  endOf(id: string): AbortSignal | undefined {
    return this.#workloads.get(id)?.ended;
  }

  /** Undefined when the workload does not run. */
  async statsOf(id: string): Promise<WorkloadStats | undefined> {
    if (this.#workloads.get(id)?.address === undefined) return undefined;
    return this.#parts.runtime.stats(id).catch(() => undefined);
  }

  /** The log of a workload, live or ended; with `follow` until its end. */
  readLog(
    id: string,
    { follow, ...options }: Omit<LogReadOptions, 'followUntil'> & { follow: boolean },
  ): AsyncIterable<LogEntry> {
    const followUntil = follow ? this.#workloads.get(id)?.ended : undefined;
    return this.#parts.logs.read(id, { ...options, ...(followUntil && { followUntil }) });
  }

  /** Lets go; see {@link Workloads.close}. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.workspaces.close();
    await this.sandboxes.close();
    await this.#retention;
    await this.#workspaceRetention;
    await this.#workloads.close();
    this.backends.close();
  }
}
