import { randomUUID } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { BerthError } from '../../lib/errors.ts';
import type { ImageReference, Runtime } from '../../runtime/runtime.ts';
import type { AccessRule, Account, WorkspaceDeployment, WorkspaceStore } from '../../store/store.ts';
import { maxDescriptionLength, maxRegionLength } from './limits.ts';

export interface DeploymentsParts {
  readonly store: WorkspaceStore;
  readonly runtime: Runtime;
  readonly clock: Clock;
  /** One of them may have become free, or somebody may get in who could not. */
  readonly mayHandOver: () => void;
  /** It was dissolved: what runs in it has to end. */
  readonly dissolved: (id: string) => Promise<void>;
}

export interface NewDeploymentRequest {
  readonly owner: Account;
  /** 1 to 64 letters, digits and underscores. */
  readonly type: string;
  readonly image: ImageReference;
  readonly region?: string;
  readonly description?: string;
  readonly isHidden?: boolean;
  readonly deniesByDefault?: boolean;
}

const typePattern = /^[A-Za-z0-9_]{1,64}$/;
const textPattern = /^[^\p{Cc}\p{Zl}\p{Zp}]*$/u;

export function isTypeName(text: string): boolean {
  return typePattern.test(text);
}

/** What workspaces run in, one at a time each, and who may have them. */
export class Deployments {
  readonly #parts: DeploymentsParts;

  constructor(parts: DeploymentsParts) {
    this.#parts = parts;
  }

  /** Durable. @throws {BerthError} `invalid`, `already-exists` */
  async createType(name: string): Promise<void> {
    checkType(name);
    const { store, clock } = this.#parts;
    if (await store.addType(name, clock.now())) return;
    throw new BerthError('already-exists', `workspace type ${name} exists already`);
  }

  /** Names, in order; also of types that have no deployment. */
  types(): Promise<string[]> {
    return this.#parts.store.types();
  }

  /** Durable. @throws {BerthError} `invalid`; `unsupported` for an image that this server can't run */
  async create(request: NewDeploymentRequest): Promise<WorkspaceDeployment> {
    const { owner, type, image, region = '', description = '' } = request;
    checkType(type);
    checkText('region', region, maxRegionLength);
    checkText('description', description, maxDescriptionLength);
    const { store, runtime, clock, mayHandOver } = this.#parts;
    if (!runtime.capabilities().images.includes(image.kind)) {
      throw new BerthError('unsupported', `image: the runtime ${runtime.name} can't run images; use host`);
    }
    const id = randomUUID();
    await store.createDeployment({
      id,
      type,
      typeVersion: 1,
      kind: 'local',
      description,
      region,
      owner: { id: owner.id, name: owner.name },
      image,
      isHidden: request.isHidden ?? false,
      deniesByDefault: request.deniesByDefault ?? false,
      createdAt: clock.now(),
    });
    mayHandOver();
    return this.get(id);
  }

  /** Oldest first, with those that were dissolved. */
  list(): Promise<WorkspaceDeployment[]> {
    return this.#parts.store.deployments();
  }

  /** @throws {BerthError} `not-found` */
  async get(id: string): Promise<WorkspaceDeployment> {
    const deployment = await this.#parts.store.deployment(id);
    if (deployment === undefined) throw notFound(id);
    return deployment;
  }

  /** Durable. Locked, it takes no new workspaces. @throws {BerthError} `not-found`, also for a dissolved one */
  async lock(id: string, isLocked: boolean): Promise<void> {
    if (!(await this.#parts.store.lockDeployment(id, isLocked))) throw notFound(id);
    if (!isLocked) this.#parts.mayHandOver();
  }

  /** Durable. It ends for good, and what runs in it. @throws {BerthError} `not-found`, also for one that has ended */
  async dissolve(id: string): Promise<void> {
    const { store, clock, dissolved } = this.#parts;
    if (!(await store.dissolveDeployment(id, clock.now()))) throw notFound(id);
    await dissolved(id);
  }

  /** Of all deployments. */
  rules(): Promise<AccessRule[]> {
    return this.#parts.store.accessRules();
  }

  /**
   * Durable. @param subject name of an account, or one of the constants of the access policy
   * @throws {BerthError} `limit-reached`, `not-found`
   */
  async putRule(deploymentId: string, subject: string, allows: boolean): Promise<AccessRule> {
    const { store, clock, mayHandOver } = this.#parts;
    await this.get(deploymentId);
    const rule = await store.putAccessRule({ deploymentId, subject, allows, createdAt: clock.now() });
    if (rule === undefined) throw new BerthError('limit-reached', 'too many rules');
    mayHandOver();
    return rule;
  }

  /** Durable. False when there is none. */
  async deleteRule(deploymentId: string, number: number): Promise<boolean> {
    const isDeleted = await this.#parts.store.deleteAccessRule(deploymentId, number);
    if (isDeleted) this.#parts.mayHandOver();
    return isDeleted;
  }
}

function checkType(name: string): void {
  if (isTypeName(name)) return;
  throw new BerthError('invalid', `type: must be 1 to 64 letters, digits and _, not ${JSON.stringify(name)}`);
}

function checkText(field: string, text: string, maxLength: number): void {
  if (text.length <= maxLength && textPattern.test(text)) return;
  throw new BerthError('invalid', `${field}: must be one line of at most ${maxLength} characters`);
}

function notFound(id: string): BerthError {
  return new BerthError('not-found', `there is no workspace deployment ${id}`);
}
