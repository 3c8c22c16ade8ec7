import type { Clock } from '../../lib/clock.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { WorkspaceDeployment, WorkspaceStore } from '../../store/store.ts';
import { Deployments } from './deployments.ts';
import type { WorkspaceLimits } from './limits.ts';
import { type DeploymentView, type Onlooker, viewsFor } from './overview.ts';
import { type QueueState, queueStateOf } from './queue-state.ts';

export interface WorkspacesParts {
  readonly store: WorkspaceStore;
  readonly runtime: Runtime;
  readonly limits: WorkspaceLimits;
  readonly clock: Clock;
}

/** Scarce slots, what runs in them, and who waits for them. */
export class Workspaces {
  readonly deployments: Deployments;
  readonly #parts: WorkspacesParts;

  constructor(parts: WorkspacesParts) {
    this.#parts = parts;
    const { store, runtime, clock } = parts;
    this.deployments = new Deployments({
      store,
      runtime,
      clock,
      mayHandOver: () => {},
      dissolved: async () => {},
    });
  }

  /** The deployments that somebody knows of, oldest first, with those that were dissolved. */
  async views(onlooker: Onlooker): Promise<DeploymentView[]> {
    return viewsFor(await this.#state(), onlooker);
  }

  async #state(): Promise<QueueState> {
    return queueStateOf(await this.#parts.store.queue(), deployment => this.#isOnline(deployment));
  }

  /** Local ones are where this server is. */
  #isOnline({ kind }: WorkspaceDeployment): boolean {
    return kind === 'local';
  }
}
