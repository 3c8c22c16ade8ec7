import type { Clock } from '../../lib/clock.ts';
import type { Logs } from '../../logs/logs.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { WorkspaceDeployment, WorkspaceStore } from '../../store/store.ts';
import type { Journal } from '../events.ts';
import type { LiveWorkload, Workloads } from '../workloads/workloads.ts';
import type { AccessGateway } from './access-gateway.ts';
import { Deployments } from './deployments.ts';
import { EventDelivery, type SendEvent } from './event-delivery.ts';
import { Firewall } from './firewall.ts';
import { Instances } from './instances.ts';
import type { WorkspaceLayout } from './layout.ts';
import type { WorkspaceLimits } from './limits.ts';
import { type DeploymentView, type Onlooker, viewsFor } from './overview.ts';
import { Queue } from './queue.ts';
import { queueStateOf } from './queue-state.ts';

export interface WorkspacesParts {
  readonly store: WorkspaceStore;
  readonly runtime: Runtime;
  readonly workloads: Workloads;
  readonly journal: Journal;
  readonly logs: Logs;
  readonly gateway: AccessGateway;
  readonly sendEvent: SendEvent;
  readonly layout: WorkspaceLayout;
  readonly limits: WorkspaceLimits;
  readonly clock: Clock;
  readonly reportFault: (subject: string, error: unknown) => string;
}

/** Scarce slots, what runs in them, and who waits for them. */
export class Workspaces {
  readonly deployments: Deployments;
  readonly instances: Instances;
  readonly queue: Queue;
  readonly firewall: Firewall;
  readonly #parts: WorkspacesParts;
  readonly #events: EventDelivery;

  constructor(parts: WorkspacesParts) {
    this.#parts = parts;
    const { store, runtime, clock, limits, reportFault } = parts;
    const mayHandOver = (): void => this.queue.mayHandOver();
    const changed = (): void => this.#events.poke();
    this.firewall = new Firewall(store, id => parts.gateway.recheck(id));
    this.instances = new Instances({ ...parts, firewall: this.firewall, mayHandOver, changed });
    this.queue = new Queue({
      store,
      limits,
      clock,
      isOnline,
      hasVpn: () => false,
      instances: () => this.instances,
      changed,
      reportFault,
    });
    this.#events = new EventDelivery({
      store,
      clock,
      send: parts.sendEvent,
      privateKey: id => this.instances.privateKey(id),
      reportFault,
    });
    this.deployments = new Deployments({
      store,
      runtime,
      clock,
      mayHandOver,
      dissolved: id => {
        changed();
        return this.instances.endIn(id);
      },
    });
  }

  /** Workloads that have not ended, for their owner; {@link resume} comes after it. */
  recover(): Promise<LiveWorkload[]> {
    return this.instances.recover();
  }

  /** Goes on where the last server has stopped. */
  async resume(): Promise<void> {
    await this.instances.resume();
    await this.queue.start();
    this.#events.poke();
  }

  /** The deployments that somebody knows of, oldest first, with those that were dissolved. */
  async views(onlooker: Onlooker): Promise<DeploymentView[]> {
    return viewsFor(queueStateOf(await this.#parts.store.queue(), isOnline), onlooker);
  }

  /** Lets go, before the workloads are let go of. */
  async close(): Promise<void> {
    this.instances.close();
    await this.queue.close();
    await this.#events.close();
  }
}

/** Local ones are where this server is. */
function isOnline({ kind }: WorkspaceDeployment): boolean {
  return kind === 'local';
}
