import type {
  BegunInstance,
  WorkspaceDeployment,
  WorkspaceInstance,
  WorkspaceReport,
} from '../../store/store.ts';
import type { LiveWorkload } from '../workloads/workloads.ts';
import type { WayIn } from './access-gateway.ts';
import type { InstanceStatus } from './instance-status.ts';
import { planWorkspace } from './layout.ts';
import { keepAliveCheckMs, reportsKept } from './limits.ts';
import { LiveInstance, type LiveInstanceParts } from './live-instance.ts';

export interface InstancesParts extends Omit<LiveInstanceParts, 'over' | 'closing'> {
  /** A deployment is free again. */
  readonly mayHandOver: () => void;
}

/** A workspace with what is known of it only while it runs. */
export interface InstanceView {
  readonly instance: WorkspaceInstance;
  readonly wayIn?: WayIn;
}

/** Workspaces that run, or have run. */
export class Instances {
  readonly #parts: InstancesParts;
  readonly #live = new Map<string, LiveInstance>();
  readonly #closing = new AbortController();
  readonly #stopListening: () => void;
  #keepAlive: NodeJS.Timeout | undefined;

  constructor(parts: InstancesParts) {
    this.#parts = parts;
    this.#stopListening = parts.journal.onEntry(entry => this.#live.get(entry.workloadId)?.entered(entry));
  }

  /** Workloads of those that have not ended, for their owner. Call it first, then {@link resume}. */
  async recover(): Promise<LiveWorkload[]> {
    const { store, layout } = this.#parts;
    const { deployments, active } = await store.queue();
    const byId = new Map(deployments.map(deployment => [deployment.id, deployment]));
    for (const instance of active) {
      const deployment = byId.get(instance.deploymentId);
      if (deployment !== undefined) this.#add(instance, deployment);
    }
    const workloads = await store.liveWorkloads();
    return workloads.flatMap(workload => {
      const live = this.#live.get(workload.id);
      return live === undefined
        ? []
        : { ...workload, plan: planWorkspace(workload.id, live.deployment, layout) };
    });
  }

  /** Goes on with what was recovered, once the workloads have their owners again. */
  async resume(): Promise<void> {
    this.#keepAlive = setInterval(() => this.#endForgotten(), keepAliveCheckMs).unref();
    for (const live of this.#live.values()) {
      await live.resume().catch(error => this.#parts.reportFault(live.instance.id, error));
    }
  }

  /** Takes over one that was just written. */
  begin({ instance, latest }: BegunInstance, deployment: WorkspaceDeployment): LiveInstance {
    const live = this.#add(instance, deployment);
    if (latest !== undefined) {
      this.#parts.journal.publish(latest);
      live.launch(latest);
    }
    return live;
  }

  /** Whether a live workload is that of a workspace. */
  isWorkload(id: string): boolean {
    return this.#live.has(id);
  }

  async find(id: string): Promise<InstanceView | undefined> {
    const instance = await this.#parts.store.instance(id);
    return instance && this.#viewOf(instance);
  }

  /** Those of one account, or of all, newest first; those that have ended only where they are wanted. */
  async list({
    accountId,
    withEnded,
  }: {
    readonly accountId?: string | undefined;
    readonly withEnded: boolean;
  }): Promise<WorkspaceInstance[]> {
    const { store } = this.#parts;
    if (withEnded) return store.instances(accountId);
    // There may be years of others.
    const { active } = await store.queue();
    return active
      .filter(({ account }) => accountId === undefined || account.id === accountId)
      .toSorted((a, b) => b.startedAt.getTime() - a.startedAt.getTime() || (a.id < b.id ? -1 : 1));
  }

  /**
   * Asks one to end; resolves when its end has begun.
   * @returns the status that does not allow it; undefined when it has begun
   */
  async terminate(id: string): Promise<InstanceStatus | undefined> {
    const live = this.#live.get(id);
    if (live !== undefined) return live.terminate();
    return (await this.#parts.store.instance(id))?.status ?? 'ended';
  }

  /** It is still needed. @returns false where nobody watches for that */
  ping(id: string): boolean {
    return this.#live.get(id)?.ping() ?? false;
  }

  /** The private key that was made for it, once that is done; undefined where there is none. */
  async privateKey(id: string): Promise<string | undefined> {
    return this.#live.get(id)?.key;
  }

  /** Keeps something that a program in it has told; the oldest goes first. */
  report(report: WorkspaceReport): Promise<void> {
    return this.#parts.store.addReport(report, reportsKept);
  }

  /** Ends what runs in a deployment. */
  async endIn(deploymentId: string): Promise<void> {
    for (const live of this.#live.values()) {
      if (live.deployment.id === deploymentId) await live.terminate();
    }
  }

  /** Lets go: what runs is left to the next server. */
  close(): void {
    this.#closing.abort();
    clearInterval(this.#keepAlive);
    this.#stopListening();
    for (const live of this.#live.values()) live.close();
  }

  #add(instance: WorkspaceInstance, deployment: WorkspaceDeployment): LiveInstance {
    const live = new LiveInstance(instance, deployment, {
      ...this.#parts,
      closing: this.#closing.signal,
      over: id => {
        this.#live.delete(id);
        this.#parts.mayHandOver();
      },
    });
    this.#live.set(instance.id, live);
    return live;
  }

  #viewOf(instance: WorkspaceInstance): InstanceView {
    const wayIn = this.#live.get(instance.id)?.wayIn;
    return { instance, ...(wayIn && { wayIn }) };
  }

  #endForgotten(): void {
    for (const live of this.#live.values()) {
      if (!live.isForgotten) continue;
      live.terminate('swept').catch(error => this.#parts.reportFault(live.instance.id, error));
    }
  }
}
