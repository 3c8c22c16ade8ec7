import { segment } from './path.ts';
import type { Transport } from './transport.ts';

export interface NewDeployment {
  readonly type: string;
  /** `host`, or ACCOUNT/SERVICE with :TAG or @DIGEST. */
  readonly image: string;
  readonly region?: string;
  readonly description?: string;
  /** An account; the token's own when absent. */
  readonly owner?: string;
  readonly hidden?: boolean;
  readonly default_deny?: boolean;
}

export interface DeploymentSummary {
  readonly id: string;
  readonly type: string;
  readonly kind: 'local' | 'device';
  readonly image: string | null;
  readonly region: string;
  readonly description: string;
  readonly owner: string;
  readonly hidden: boolean;
  readonly default_deny: boolean;
  readonly locked: boolean;
  readonly finished: number;
  readonly created_at: string;
  readonly dissolved_at: string | null;
}

export interface AccessRule {
  readonly number: number;
  /** Name of an account, `*` or `type:anon`. */
  readonly user: string;
  readonly allow: boolean;
  readonly created_at: string;
}

const base = '/berth/v1/workspace-deployments';

/** Slots for workspaces; for administrators. */
export class Workspaces {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async createType(name: string): Promise<void> {
    await this.#transport.post('/berth/v1/workspace-types', { name });
  }

  createDeployment(deployment: NewDeployment): Promise<DeploymentSummary> {
    return this.#transport.post(base, deployment);
  }

  /** Oldest first, with those that were dissolved. */
  async deployments(): Promise<DeploymentSummary[]> {
    return (await this.#transport.get<{ deployments: DeploymentSummary[] }>(base)).deployments;
  }

  /** `dissolve` ends it for good, with what runs in it. */
  async act(id: string, verb: 'lock' | 'unlock' | 'dissolve'): Promise<void> {
    await this.#transport.post(`${base}/${segment(id)}/${verb}`, {});
  }

  async rules(id: string): Promise<AccessRule[]> {
    return (await this.#transport.get<{ rules: AccessRule[] }>(`${base}/${segment(id)}/rules`)).rules;
  }

  putRule(id: string, user: string, allow: boolean): Promise<AccessRule> {
    return this.#transport.post(`${base}/${segment(id)}/rules`, { user, allow });
  }

  async deleteRule(id: string, number: number): Promise<void> {
    await this.#transport.delete(`${base}/${segment(id)}/rules/${number}`);
  }
}
